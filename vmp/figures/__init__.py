"""Figures: one palette, seaborn for stills, plotly for figures that answer the mouse."""
