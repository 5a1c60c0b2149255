/* Figures that answer the mouse. Each .vmp-interactive holds a still and a plotly figure as JSON; the figure is drawn
 * when it comes near the view, at most six of them are live, and the rest show their still again. plotly.js is loaded
 * once, by the first figure that needs it. A classic script, so that it works from disk. */
(() => {
  "use strict";
  const HOME = document.currentScript.src.replace(/[^/]*$/, "");
  const MOST = 6;      // live figures a page; a browser keeps 16 WebGL scenes
  const NEAR = "400px"; // how far outside the view a figure is drawn
  // The palette of vmp.figures.palette; a test compares the two.
  const ATTENTION = [[0, "#fff7ec"], [0.25, "#fdd49e"], [0.5, "#fc8d59"], [0.75, "#d7301f"], [1, "#670000"]];
  const DIFFERENCE = [[0, "#08306b"], [0.25, "#4292c6"], [0.5, "#f7f7f7"], [0.75, "#f18c2a"], [1, "#7f2704"]];
  const live = new Map(); // figure element -> its plot
  const near = new Set();
  const drawing = new Set();
  let plotly = null;

  function loadPlotly() {
    plotly ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = HOME + "plotly.min.js";
      script.onload = () => resolve(window.Plotly);
      script.onerror = () => reject(new Error("plotly.min.js could not be loaded"));
      document.head.append(script);
    });
    return plotly;
  }

  const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  function template() {
    const ink = style("--vmp-ink") || "#222", faint = style("--vmp-rule") || "#ddd", paper = style("--vmp-paper") || "#fff";
    const axis = {gridcolor: faint, linecolor: faint, zerolinecolor: faint, tickcolor: faint, automargin: true};
    const wall = {...axis, backgroundcolor: paper, showbackground: false};
    return {
      layout: {
        paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
        font: {color: ink, family: style("--vmp-sans") || "system-ui, sans-serif", size: 13},
        title: {x: 0, xref: "paper", xanchor: "left", font: {size: 15}},
        colorscale: {sequential: ATTENTION, sequentialminus: ATTENTION, diverging: DIFFERENCE},
        colorway: ["#e0592a", "#3182bd", "#8e5bd0", "#2a9d8f", "#c08a1e", "#7f8790"],
        xaxis: axis, yaxis: axis, scene: {xaxis: wall, yaxis: wall, zaxis: wall},
        hoverlabel: {bgcolor: paper, bordercolor: faint, font: {color: ink}},
        legend: {bgcolor: "rgba(0,0,0,0)"},
        sliders: [{bgcolor: faint, bordercolor: faint, font: {color: ink}}],
        updatemenudefaults: {bgcolor: paper, bordercolor: faint, font: {color: ink}},
        sliderdefaults: {bgcolor: faint, bordercolor: faint, font: {color: ink}},
      },
    };
  }

  function content(figure) {
    const given = JSON.parse(figure.querySelector(':scope > script[type="application/json"]').textContent);
    const layout = {margin: {l: 50, r: 15, t: 40, b: 45}, ...given.layout};
    const narrow = figure.clientWidth < 520;
    Object.assign(layout, {template: template(), autosize: true, height: Number(figure.dataset.height)});
    if (narrow) {
      layout.margin = {...layout.margin, l: Math.min(layout.margin.l ?? 45, 45), r: 8};
      const has = layout.showlegend !== false && !layout.legend;
      if (has) layout.legend = {orientation: "h", x: 0, y: -0.2, yanchor: "top"};
    }
    if (layout.scene) layout.margin = {...layout.margin, l: 0, r: 0, t: Math.min(layout.margin.t ?? 40, 40), b: 0};
    if (layout.scene && narrow) { // step back, so that the names of the axes fit
      const eye = layout.scene.camera?.eye ?? {x: 1.25, y: 1.25, z: 1.25};
      const further = Object.fromEntries(Object.entries(eye).map(([axis, value]) => [axis, 1.5 * value]));
      layout.scene = {...layout.scene, camera: {...layout.scene.camera, eye: further}};
    }
    if (matchMedia("(pointer: coarse)").matches && !layout.scene) layout.dragmode = false; // let a finger scroll the page
    return {data: given.data, layout, frames: given.frames ?? [], config: {
      responsive: true, displaylogo: false, displayModeBar: false, scrollZoom: false, doubleClick: "reset",
    }};
  }

  async function draw(figure) {
    if (live.has(figure) || drawing.has(figure)) return;
    drawing.add(figure);
    try {
      const Plotly = await loadPlotly();
      if (!near.has(figure)) return;
      const plot = document.createElement("div");
      plot.className = "vmp-interactive-plot";
      plot.setAttribute("role", "img");
      plot.setAttribute("aria-label", figure.getAttribute("aria-label"));
      plot.style.height = figure.dataset.height + "px";
      figure.querySelector(".vmp-interactive-still").after(plot);
      live.set(figure, plot);
      figure.classList.add("vmp-live");
      const {data, layout, frames, config} = content(figure);
      await Plotly.newPlot(plot, {data, layout, frames, config});
      keepFew();
    } catch (error) {
      putAway(figure);
      console.error(error);
    } finally {
      drawing.delete(figure);
    }
  }

  function putAway(figure) {
    const plot = live.get(figure);
    if (!plot) return;
    live.delete(figure);
    window.Plotly?.purge(plot);
    plot.remove();
    figure.classList.remove("vmp-live");
  }

  const distance = (figure) => {
    const box = figure.getBoundingClientRect();
    return Math.abs((box.top + box.bottom) / 2 - innerHeight / 2);
  };

  function keepFew() {
    const byDistance = [...live.keys()].sort((one, other) => distance(one) - distance(other));
    byDistance.slice(MOST).forEach(putAway);
  }

  function recolour() {
    for (const [figure, plot] of live) {
      if (plot.layout) window.Plotly.relayout(plot, {template: template()});
      else draw(figure);
    }
  }

  function start() {
    const figures = document.querySelectorAll(".vmp-interactive");
    const watcher = new IntersectionObserver((entries) => {
      for (const entry of entries) {
        if (entry.isIntersecting) { near.add(entry.target); draw(entry.target); }
        else near.delete(entry.target); // it stays live until six others are nearer
      }
    }, {rootMargin: NEAR});
    figures.forEach((figure) => {
      figure.style.setProperty("--vmp-height", figure.dataset.height + "px");
      watcher.observe(figure);
    });
    new MutationObserver(recolour).observe(document.documentElement, {attributes: true, attributeFilter: ["data-theme"]});
    window.addEventListener("beforeprint", () => [...live.keys()].forEach(putAway));
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
