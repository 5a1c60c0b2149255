/* The motion prompt explorer: frame, difference, attention and prompt of a video, computed in the page.
 *
 * A classic script without dependencies, since a page opened from disk may load neither a module nor a file by fetch.
 * It mounts every element of class "vmp-explorer" when that comes into view; in Jupyter the same text is the
 * anywidget module (the Python side appends the export) and VMPExplorer.render is called.
 *
 * Sections: tables · mathematics · reading video · variation · WebGL · Canvas · the plot · the view · the explorer ·
 * mounting. Nothing that a reader opens leaves the page.
 */
(() => {
  "use strict";

  const VERSION = "0.1.0";
  if (globalThis.VMPExplorer?.version === VERSION) return;
  const HOME = document.currentScript?.src?.replace(/[^/]*$/, "") ?? "";

  // --- Tables: JSON, held against the package's own by tests/test_explorer_tables.py -----------------------------

  const DIFFERENCE_ANCHORS = [[8, 48, 107], [66, 146, 198], [247, 247, 247], [241, 140, 42], [127, 39, 4]];
  const ATTENTION_ANCHORS = [[255, 247, 236], [253, 212, 158], [252, 141, 89], [215, 48, 31], [103, 0, 0]];

  const RANGES = {"slope": [9.1, 50], "shift": [-0.599, 0.599]};

  // min, max and start of each function's one parameter; the names are those of vmp.power_norm
  const NORMS = {
    "learnable": {"title": "Learnable sigmoid (Eq. 1)", "symbol": "", "min": 0, "max": 0, "start": 0},
    "gamma": {"title": "Gamma", "symbol": "g", "min": 0.05, "max": 1, "start": 0.5},
    "max_exp": {"title": "MaxExp", "symbol": "η", "min": 1, "max": 100, "start": 10},
    "sigm_e": {"title": "SigmE", "symbol": "η", "min": 1, "max": 100, "start": 10},
    "asinh_e": {"title": "AsinhE", "symbol": "g", "min": 0.1, "max": 100, "start": 5}
  };

  const PAPER_PAIRS = [
    {"dataset": "finegym", "lambda": 2.5, "a": 11.04, "b": -0.59, "source": "Sec. 3.2"},
    {"dataset": "mpii", "lambda": 0, "a": 23.45, "b": 0.03, "source": "Fig. 12"},
    {"dataset": "mpii", "lambda": 2, "a": 10.9, "b": 0.08, "source": "Fig. 12"},
    {"dataset": "hmdb51", "lambda": 0, "a": 20.32, "b": -0.36, "source": "Fig. 15"},
    {"dataset": "hmdb51", "lambda": 0.001, "a": 21.7, "b": -0.39, "source": "Fig. 15"}
  ];

  const PAGE_PAIRS = [
    {"dataset": "finegym", "m": 1.05, "n": -2.67},
    {"dataset": "hmdb51", "m": 0.2646, "n": -0.6615},
    {"dataset": "mpii", "m": 0.257, "n": 0.053},
    {"dataset": "ucf-crime", "m": 0.8916, "n": -0.2543}
  ];

  const PAGE_LAMBDAS = [
    {"lambda": 0, "m": 1.69, "n": -0.26},
    {"lambda": 0.1, "m": 1.8, "n": -0.26},
    {"lambda": 0.5, "m": 0.86, "n": -2.13},
    {"lambda": 1, "m": 1.02, "n": -2.32},
    {"lambda": 1.5, "m": 1.1, "n": -2.45},
    {"lambda": 2, "m": 1.01, "n": -2.6},
    {"lambda": 2.5, "m": 1.06, "n": -2.67},
    {"lambda": 5, "m": 1.3, "n": -2.94},
    {"lambda": 10, "m": 1.28, "n": -3.27}
  ];

  const DATASETS = {"finegym": "FineGym", "mpii": "MPII", "hmdb51": "HMDB-51", "ucf-crime": "UCF-Crime"};
  const EXAMPLES = {"static": "Static camera", "moving": "Moving camera"};
  const START = {
    clip: "static", slope: 11.04, shift: -0.59, frame: 45, norm: "learnable", parameter: 0,
    difference: "signed", product: "normalised", spacing: 1, gain: 4,
  };
  const LIMITS = {frames: 300, seconds: 10, side: 480, live: 91};

  // --- Mathematics -----------------------------------------------------------------------------------------------

  const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
  const slopeOf = (m) => 5 / (0.45 * Math.abs(Math.tanh(m)) + 0.1); // Eq. 2
  const shiftOf = (n) => 0.6 * Math.tanh(n); // Eq. 2
  const mOf = (a) => Math.atanh(clamp((5 / a - 0.1) / 0.45, 0, 1 - 1e-12));
  const nOf = (b) => Math.atanh(clamp(b / 0.6, -1 + 1e-12, 1 - 1e-12));

  /* Attention of one difference in [-1, 1]. The four older functions are odd; an attention that multiplies a frame
   * has a size and no sign, so it is |f|, and AsinhE, which passes 1, is cut there. (Runs in the worker too.) */
  function attentionOf(d, s) {
    const p = Math.abs(d), q = s.parameter;
    switch (s.norm) {
      case "gamma": return Math.pow(p, q);
      case "max_exp": return 1 - Math.pow(1 - p, q);
      case "sigm_e": return 2 / (1 + Math.exp(-q * p)) - 1;
      case "asinh_e": return Math.min(1, Math.asinh(q * p));
      default: return 1 / (1 + Math.exp(-s.slope * (d - s.shift)));
    }
  }

  /* V of Eq. 6 as a mean over pixels, for frames 0, k, 2k, ... of the lumas: what the layer gives for those frames.
   * A generator that rests after each map, so that a page without workers can breathe. (Runs in the worker too.) */
  function* variationOf(lumas, s) {
    const table = new Float32Array(510001).fill(NaN);
    let before = null, sum = 0, pairs = 0;
    for (let t = s.spacing; t < lumas.length; t += s.spacing) {
      const now = lumas[t], past = lumas[t - s.spacing], map = new Float32Array(now.length);
      for (let i = 0; i < now.length; i++) {
        let d = now[i] - past[i];
        if (s.difference === "absolute" && d < 0) d = -d;
        let value = table[d + 255000];
        if (value !== value) value = table[d + 255000] = attentionOf(d / 255000, s);
        map[i] = value;
        if (before) { const step = value - before[i]; sum += step * step; }
      }
      if (before) pairs += now.length;
      before = map;
      yield;
    }
    return pairs ? sum / pairs : null;
  }

  /* Integer luminance 299 R + 587 G + 114 B of an RGBA picture: equal pixels differ by exactly 0. */
  function lumaOf(rgba) {
    const luma = new Int32Array(rgba.length >> 2);
    for (let i = 0, j = 0; i < luma.length; i++, j += 4) {
      luma[i] = 299 * rgba[j] + 587 * rgba[j + 1] + 114 * rgba[j + 2];
    }
    return luma;
  }

  /* The attention of every possible integer difference, computed when first asked for. */
  class AttentionTable {
    constructor() { this.values = new Float32Array(510001); this.key = ""; }
    for(s) {
      const key = [s.norm, s.slope, s.shift, s.parameter].join();
      if (key !== this.key) { this.key = key; this.values.fill(NaN); }
      return this.values;
    }
  }

  function paletteOf(anchors) {
    const table = new Uint8Array(256 * 4);
    for (let i = 0; i < 256; i++) {
      const at = (i / 255) * (anchors.length - 1), low = Math.min(Math.floor(at), anchors.length - 2);
      for (let c = 0; c < 3; c++) {
        table[4 * i + c] = Math.round(anchors[low][c] + (at - low) * (anchors[low + 1][c] - anchors[low][c]));
      }
      table[4 * i + 3] = 255;
    }
    return table;
  }
  const PALETTES = {difference: paletteOf(DIFFERENCE_ANCHORS), attention: paletteOf(ATTENTION_ANCHORS)};

  const median = (values) => [...values].sort((x, y) => x - y)[values.length >> 1];

  // --- Reading video: every frame once, in order -----------------------------------------------------------------

  let frameCount = 0; // every picture gets a number of its own, by which textures are kept

  class Clip {
    constructor(name, title) {
      Object.assign(this, {name, title, width: 0, height: 0, frames: [], times: [], expected: 0});
      Object.assign(this, {complete: false, live: false, cut: false, lumas: null});
    }
    add(rgba, seconds) {
      this.frames.push({id: ++frameCount, data: rgba});
      this.times.push(seconds);
      if (this.live && this.frames.length > LIMITS.live) { this.frames.shift(); this.times.shift(); }
    }
    get rate() {
      const span = this.times.at(-1) - this.times[0];
      return span > 0 ? (this.times.length - 1) / span : 30;
    }
    get longestSpacing() { return clamp(Math.round(this.rate), 1, Math.max(1, this.frames.length - 1)); }
  }

  /* Reads a file through a window of some megabytes: each read of a Blob is a trip to another process. */
  class Window {
    constructor(blob) { Object.assign(this, {blob, from: 0, buffer: new ArrayBuffer(0)}); }
    async read(offset, size) {
      if (offset < this.from || offset + size > this.from + this.buffer.byteLength) {
        this.buffer = await this.blob.slice(offset, offset + Math.max(size, 4e6)).arrayBuffer();
        this.from = offset;
      }
      return this.buffer.slice(offset - this.from, offset - this.from + size);
    }
  }

  /* Draws pictures of one size, turned upright, and gives their bytes. */
  class Grabber {
    constructor(width, height, turn = 0) {
      const scale = Math.min(1, LIMITS.side / Math.max(width, height));
      this.drawn = [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
      [this.width, this.height] = turn % 180 ? [this.drawn[1], this.drawn[0]] : this.drawn;
      const canvas = Object.assign(document.createElement("canvas"), {width: this.width, height: this.height});
      this.context = canvas.getContext("2d", {willReadFrequently: true, alpha: false});
      this.context.imageSmoothingQuality = "high";
      this.context.translate(this.width / 2, this.height / 2);
      this.context.rotate((turn * Math.PI) / 180);
      this.plain = !turn && scale === 1;
    }
    /* The bytes of a VideoFrame: straight from the decoder where the browser can, which is faster and gives the same. */
    async grabFrame(frame) {
      const {width, height} = this, size = 4 * width * height;
      try {
        const {visibleRect} = frame;
        if (this.plain && visibleRect.width === width && visibleRect.height === height
          && frame.allocationSize({format: "RGBA"}) === size) {
          const bytes = new Uint8ClampedArray(size);
          await frame.copyTo(bytes, {format: "RGBA"});
          return bytes;
        }
      } catch { this.plain = false; }
      return this.grab(frame);
    }
    grab(source) {
      const [width, height] = this.drawn;
      this.context.drawImage(source, -width / 2, -height / 2, width, height);
      return this.context.getImageData(0, 0, this.width, this.height).data;
    }
  }

  /* The boxes of an MP4 or MOV file, whole or in fragments, that say where its pictures lie; null for another file. */
  async function readSampleTable(blob) {
    const file = new Window(blob);
    const read = async (from, to) => new DataView(await file.read(from, Math.min(to, blob.size) - from));
    let track = null;
    for (let at = 0; at + 8 <= blob.size;) {
      const head = await read(at, at + 16), type = typeOf(head, 4);
      let size = head.getUint32(0), skip = 8;
      if (size === 1 && head.byteLength === 16) { size = Number(head.getBigUint64(8)); skip = 16; }
      if (size === 0) size = blob.size - at;
      if (size < skip) return null;
      if (type === "moov") track = videoTrack(await read(at + skip, at + size));
      if (type === "moof" && track) addFragment(track, await read(at + skip, at + size), at);
      if (track && (!track.fragments || track.samples.length > 2 * LIMITS.frames)) break;
      at += size;
    }
    return track?.samples.length ? timed(track) : null;
  }

  /* When each sample is shown: seconds from the first one, and whether the edit list shows it at all. */
  function timed(track) {
    const {samples, edit, timescale} = track;
    const first = Math.max(edit.from, Math.min(...samples.map((sample) => sample.time)));
    for (const sample of samples) {
      sample.shown = sample.time >= edit.from && sample.time < edit.to;
      sample.seconds = (sample.time - first) / timescale;
    }
    return track;
  }

  const typeOf = (view, at) => String.fromCharCode(...[0, 1, 2, 3].map((i) => view.getUint8(at + i)));

  function boxesIn(view, from = 0) {
    const boxes = {};
    for (let at = from; at + 8 <= view.byteLength;) {
      const size = view.getUint32(at) || view.byteLength - at;
      if (size < 8 || at + size > view.byteLength) break;
      const body = new DataView(view.buffer, view.byteOffset + at + 8, size - 8);
      (boxes[typeOf(view, at + 4)] ??= []).push(body);
      at += size;
    }
    return boxes;
  }

  function videoTrack(moov) {
    for (const trak of boxesIn(moov).trak ?? []) {
      const track = boxesIn(trak), media = boxesIn(track.mdia?.[0] ?? new DataView(new ArrayBuffer(0)));
      if (!media.hdlr || typeOf(media.hdlr[0], 8) !== "vide" || !media.minf) continue;
      const table = boxesIn(boxesIn(media.minf[0]).stbl?.[0] ?? new DataView(new ArrayBuffer(0)));
      const wide = media.mdhd[0].getUint8(0) === 1, timescale = media.mdhd[0].getUint32(wide ? 20 : 12);
      const id = track.tkhd[0].getUint32(track.tkhd[0].getUint8(0) === 1 ? 20 : 12);
      const extends_ = boxesIn(boxesIn(moov).mvex?.[0] ?? new DataView(new ArrayBuffer(0))).trex ?? [];
      return {
        id, timescale, samples: table.stsz ? samplesOf(table) : [], edit: editOf(track, timescale, boxesIn(moov).mvhd?.[0]),
        turn: turnOf(track.tkhd[0]), fragments: extends_.find((box) => box.getUint32(4) === id), ...codecOf(table.stsd[0]),
      };
    }
    return null;
  }

  /* A fragment's samples (moof/traf/trun), behind those that are known. */
  function addFragment(track, moof, moofAt) {
    for (const traf of boxesIn(moof).traf ?? []) {
      const boxes = boxesIn(traf), head = boxes.tfhd[0], flags = head.getUint32(0) & 0xffffff;
      if (head.getUint32(4) !== track.id) continue;
      let at = 8;
      const next = (has, otherwise, size = 4) => { if (!(flags & has)) return otherwise; at += size; return head.getUint32(at - 4); };
      const base = next(0x1, moofAt, 8);
      next(0x2, 0);
      const defaults = [0x8, 0x10, 0x20].map((has, i) => next(has, track.fragments.getUint32(12 + 4 * i)));
      const time = boxes.tfdt?.[0];
      if (time) track.clock = time.getUint8(0) === 1 ? Number(time.getBigUint64(4)) : time.getUint32(4);
      let offset = base;
      for (const run of boxes.trun ?? []) offset = addRun(track, run, base, offset, defaults);
    }
  }

  function addRun(track, run, base, offset, [duration, size, sampleFlags]) {
    const flags = run.getUint32(0) & 0xffffff, count = run.getUint32(4);
    let at = 8, first = null;
    const next = () => { at += 4; return run.getUint32(at - 4); };
    if (flags & 0x1) offset = base + (next() | 0);
    if (flags & 0x4) first = next();
    track.clock ??= 0;
    for (let i = 0; i < count; i++) {
      const lasts = flags & 0x100 ? next() : duration, bytes = flags & 0x200 ? next() : size;
      const own = flags & 0x400 ? next() : i === 0 && first !== null ? first : sampleFlags;
      const later = flags & 0x800 ? next() | 0 : 0;
      track.samples.push({size: bytes, key: !(own & 0x10000), time: track.clock + later, offset});
      track.clock += lasts;
      offset += bytes;
    }
    return offset;
  }

  function samplesOf(table) {
    const entries = (box, width, visit) => {
      const count = box ? box.getUint32(4) : 0;
      for (let i = 0; i < count; i++) visit(...Array.from({length: width}, (_, j) => box.getUint32(8 + 4 * (i * width + j))), i);
    };
    const sizes = table.stsz[0], fixed = sizes.getUint32(4), samples = [];
    for (let i = 0; i < sizes.getUint32(8); i++) {
      samples.push({size: fixed || sizes.getUint32(12 + 4 * i), key: !table.stss, time: 0, offset: 0});
    }
    entries(table.stss?.[0], 1, (number) => { samples[number - 1].key = true; });
    let at = 0, clock = 0;
    entries(table.stts?.[0], 2, (count, delta) => {
      for (let i = 0; i < count && at < samples.length; i++) { samples[at++].time = clock; clock += delta; }
    });
    at = 0;
    entries(table.ctts?.[0], 2, (count, offset) => {
      for (let i = 0; i < count && at < samples.length; i++) samples[at++].time += offset | 0;
    });
    placeSamples(samples, table, entries);
    return samples;
  }

  function placeSamples(samples, table, entries) {
    const chunks = [], runs = [];
    entries(table.stco?.[0], 1, (offset) => chunks.push(offset));
    entries(table.co64?.[0], 2, (high, low) => chunks.push(high * 2 ** 32 + low));
    entries(table.stsc?.[0], 3, (first, perChunk) => runs.push({first, perChunk}));
    let at = 0, run = 0;
    chunks.forEach((offset, chunk) => {
      if (runs[run + 1] && chunk + 1 >= runs[run + 1].first) run++;
      for (let i = 0; i < runs[run].perChunk && at < samples.length; i++) {
        samples[at].offset = offset;
        offset += samples[at++].size;
      }
    });
  }

  function editOf(track, timescale, mvhd) {
    const list = track.edts && boxesIn(track.edts[0]).elst?.[0], all = {from: -Infinity, to: Infinity};
    if (!list || !mvhd || list.getUint8(0) === 1) return all;
    const scale = mvhd.getUint32(mvhd.getUint8(0) === 1 ? 20 : 12);
    for (let i = 0; i < list.getUint32(4); i++) {
      const duration = list.getUint32(8 + 12 * i), from = list.getInt32(12 + 12 * i);
      // Half a tick of the movie's clock: durations are rounded to it.
      if (from >= 0) return {from, to: duration ? from + ((duration + 0.5) / scale) * timescale : Infinity};
    }
    return all;
  }

  function turnOf(tkhd) {
    const at = tkhd.getUint8(0) === 1 ? 52 : 40;
    const [a, b] = [tkhd.getInt32(at), tkhd.getInt32(at + 4)];
    return (Math.round((Math.atan2(b, a) * 180) / Math.PI) + 360) % 360;
  }

  function codecOf(stsd) {
    const entry = typeOf(stsd, 12);
    const boxes = boxesIn(new DataView(stsd.buffer, stsd.byteOffset + 8, stsd.getUint32(8)), 86);
    if (!/^avc[13]$/.test(entry) || !boxes.avcC) return {codec: null};
    const box = boxes.avcC[0], description = new Uint8Array(box.buffer, box.byteOffset, box.byteLength);
    const hex = [...description.slice(1, 4)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return {codec: `${entry}.${hex}`, description};
  }

  /* The frames that are kept, in the order they are shown: the first LIMITS.seconds, at most LIMITS.frames. */
  function keptSamples(table) {
    const shown = table.samples.filter((sample) => sample.shown).sort((x, y) => x.time - y.time);
    const kept = shown.filter((sample, i) => i < LIMITS.frames && sample.seconds < LIMITS.seconds);
    return {kept, cut: kept.length < shown.length};
  }

  /* H.264 through WebCodecs: as fast as the decoder, and each frame comes with its time. */
  async function decodeWithCodecs(clip, blob, table, progress) {
    const {kept, cut} = keptSamples(table);
    const wanted = new Map(kept.map((sample) => [Math.round(sample.seconds * 1e6), sample]));
    const last = Math.max(...kept.map((sample) => table.samples.indexOf(sample)));
    Object.assign(clip, {expected: kept.length, cut});
    let grabber = null, failure = null, taken = Promise.resolve(), waiting = 0;
    const take = async (frame) => {
      if (wanted.has(frame.timestamp) && clip.wanted) {
        grabber ??= sized(clip, new Grabber(frame.displayWidth, frame.displayHeight, table.turn));
        clip.add(await grabber.grabFrame(frame), frame.timestamp / 1e6);
        progress();
      }
      frame.close();
      waiting--;
    };
    // Frames come out in the order in which they are shown, and are taken one after another.
    const output = (frame) => { waiting++; taken = taken.then(() => take(frame)); };
    const decoder = new VideoDecoder({output, error: (error) => { failure = error; }});
    decoder.configure({codec: table.codec, description: table.description, optimizeForLatency: false});
    const file = new Window(blob);
    for (let i = 0; i <= last && !failure && clip.wanted; i++) {
      const {offset, size, key, seconds} = table.samples[i];
      const data = await file.read(offset, size);
      if (failure) break;
      decoder.decode(new EncodedVideoChunk({type: key ? "key" : "delta", timestamp: Math.round(seconds * 1e6), data}));
      while (decoder.decodeQueueSize + waiting > 8 && !failure) await pause(2);
    }
    if (!failure && clip.wanted) await decoder.flush().catch((error) => { failure ??= error; });
    await taken.catch((error) => { failure ??= error; });
    if (decoder.state !== "closed") decoder.close();
    if (failure && !clip.frames.length) throw failure;
  }

  function sized(clip, grabber) {
    Object.assign(clip, {width: grabber.width, height: grabber.height});
    return grabber;
  }

  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const event = (target, name, ms = 8000) => new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no ${name} within ${ms / 1000} s`)), ms);
    target.addEventListener(name, () => { clearTimeout(timer); resolve(); }, {once: true});
    target.addEventListener("error", () => { clearTimeout(timer); reject(target.error ?? new Error("error")); }, {once: true});
  });

  /* Everything else the browser plays: a video element, sought to the middle of each frame. */
  async function decodeBySeeking(clip, blob, table, progress) {
    const video = Object.assign(document.createElement("video"), {muted: true, playsInline: true, preload: "auto"});
    video.src = URL.createObjectURL(blob);
    try {
      await event(video, "loadeddata");
      if (!video.videoWidth) throw new Error("no picture in it");
      const grabber = sized(clip, new Grabber(video.videoWidth, video.videoHeight));
      const known = table && keptSamples(table);
      const times = known ? known.kept.map((sample) => sample.seconds) : await learnTimes(video);
      Object.assign(clip, {expected: times.length, cut: known ? known.cut : times.cut});
      const step = times.length > 1 ? median(times.slice(1).map((time, i) => time - times[i])) : 1 / 30;
      for (let i = 0, shown = -Infinity; i < times.length && clip.wanted; i++) {
        shown = await seek(video, (times[i] + (times[i + 1] ?? times[i] + step)) / 2, shown + step / 2);
        clip.add(grabber.grab(video), times[i]);
        progress();
      }
    } finally {
      URL.revokeObjectURL(video.src);
      video.removeAttribute("src");
    }
  }

  /* Go to a time and wait until a frame later than `after` is presented: "seeked" alone may come before the picture. */
  async function seek(video, time, after) {
    const sought = event(video, "seeked");
    let shown = after;
    const presented = new Promise((resolve) => {
      if (!video.requestVideoFrameCallback) { resolve(); return; }
      const look = (_, {mediaTime}) => {
        if (mediaTime > after) { shown = mediaTime; resolve(); } else video.requestVideoFrameCallback(look);
      };
      video.requestVideoFrameCallback(look);
    });
    video.currentTime = time;
    await sought;
    await Promise.race([presented, pause(1000)]); // where the frame was there already, none is presented
    return shown;
  }

  /* The times of a file's frames where no table tells them: play it once, and fill what was skipped. */
  async function learnTimes(video) {
    const limit = LIMITS.seconds, noted = [];
    if (video.requestVideoFrameCallback) {
      const first = await seek(video, 0, -1);
      if (first >= 0) noted.push(first);
      const note = (_, {mediaTime}) => { noted.push(mediaTime); video.requestVideoFrameCallback(note); };
      video.requestVideoFrameCallback(note);
      await video.play();
      while (!video.ended && video.currentTime < limit) await pause(20);
      video.pause();
    }
    const end = Math.min(Number.isFinite(video.duration) ? video.duration : limit, limit);
    let seen = [...new Set(noted)].sort((x, y) => x - y);
    if (seen.length < 3) seen = [0, end - 1 / 30]; // this browser does not tell: 30 frames a second
    const gap = seen.length > 2 ? median(seen.slice(1).map((time, i) => time - seen[i])) : 1 / 30;
    const filled = [seen[0]];
    for (const time of seen.slice(1)) {
      while (time - filled.at(-1) > 1.5 * gap) filled.push(filled.at(-1) + gap);
      filled.push(time);
    }
    const kept = filled.filter((time, i) => time - seen[0] < limit && i < LIMITS.frames);
    kept.cut = kept.length < filled.length || video.duration > limit;
    return kept;
  }

  async function decode(clip, blob, progress) {
    const table = await readSampleTable(blob).catch(() => null);
    try {
      if (table?.codec && globalThis.VideoDecoder) {
        await decodeWithCodecs(clip, blob, table, progress);
      } else {
        await decodeBySeeking(clip, blob, table, progress);
      }
    } catch (error) {
      if (clip.frames.length || !table?.codec || !globalThis.VideoDecoder) throw error;
      await decodeBySeeking(clip, blob, table, progress);
    }
    if (clip.wanted && clip.frames.length < 2) throw new Error("fewer than two frames in it");
  }

  function blobOf({base64, bytes, type}) {
    const data = bytes ?? Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    return new Blob([data], {type: type ?? "video/mp4"});
  }

  /* The example clips lie beside this script, each in a script of its own. */
  function loadExample(name) {
    const there = () => globalThis.VMP_CLIPS?.[name];
    if (there()) return Promise.resolve(blobOf(there()));
    return new Promise((resolve, reject) => {
      const script = Object.assign(document.createElement("script"), {src: `${HOME}clip-${name}.js`});
      script.onload = () => (there() ? resolve(blobOf(there())) : reject(new Error(`clip-${name}.js holds no clip`)));
      script.onerror = () => reject(new Error(`clip-${name}.js is not beside explorer.js`));
      document.head.append(script);
    });
  }

  /* Explorers on one page share what they decode; the clip that was left last is kept in case it is wanted again. */
  const shelf = {
    clips: new Map(), spare: null,
    take(key, make) {
      if (!this.clips.has(key)) this.clips.set(key, {...make(), users: 0});
      const entry = this.clips.get(key);
      entry.users++;
      return entry;
    },
    leave(key) {
      const entry = this.clips.get(key);
      if (!entry || --entry.users > 0) return;
      if (this.spare && this.spare !== key && !this.clips.get(this.spare)?.users) this.drop(this.spare);
      this.spare = key;
      if (!entry.clip.complete) this.drop(key);
    },
    drop(key) {
      const entry = this.clips.get(key);
      if (!entry) return;
      entry.clip.wanted = false;
      entry.clip.variation?.end();
      this.clips.delete(key);
    },
  };

  // --- Variation: over the whole clip, beside the page -----------------------------------------------------------

  /* Computes V in a worker made from this script's own functions; without workers, in short turns in the page. */
  class Variation {
    constructor(clip) {
      this.frames = clip.frames.slice();
      this.running = false;
      this.next = null;
      try { this.worker = this.makeWorker(); } catch { this.worker = null; }
      if (!this.worker) this.lumas = this.frames.map((frame) => lumaOf(frame.data));
    }
    makeWorker() {
      const source = `${attentionOf}\n${variationOf}\n${lumaOf}\nconst lumas = [];
        onmessage = ({data}) => {
          if (data.frame) { lumas.push(lumaOf(data.frame)); return; }
          const steps = variationOf(lumas, data.settings);
          let step = steps.next();
          while (!step.done) step = steps.next();
          postMessage(step.value);
        };`;
      const url = URL.createObjectURL(new Blob([source], {type: "text/javascript"}));
      const worker = new Worker(url);
      worker.onerror = (problem) => {
        problem.preventDefault();
        this.end();
        this.lumas = this.frames.map((frame) => lumaOf(frame.data));
        if (this.job) this.inPage(this.job).then(this.reply);
      };
      for (const frame of this.frames) worker.postMessage({frame: frame.data});
      return worker;
    }
    /* The answer for these settings; an earlier question that still waits gets undefined. */
    ask(settings) {
      this.next?.resolve(undefined);
      return new Promise((resolve) => { this.next = {settings, resolve}; this.turn(); });
    }
    async turn() {
      if (this.running || !this.next) return;
      const {settings, resolve} = this.next;
      this.next = null;
      this.running = true;
      this.job = settings;
      const value = await (this.worker ? this.inWorker(settings) : this.inPage(settings));
      this.running = false;
      resolve(value);
      this.turn();
    }
    inWorker(settings) {
      return new Promise((resolve) => {
        this.reply = resolve;
        this.worker.onmessage = ({data}) => resolve(data);
        this.worker.postMessage({settings});
      });
    }
    async inPage(settings) {
      const steps = variationOf(this.lumas, settings);
      let step = steps.next();
      while (!step.done) { await pause(0); step = steps.next(); }
      return step.value;
    }
    end() { this.worker?.terminate(); this.worker = null; this.next?.resolve(undefined); this.next = null; }
  }

  // --- WebGL: one context for all explorers of a page, since a browser keeps sixteen ------------------------------

  const PANES = ["frame", "difference", "attention", "prompt"];
  const COMPUTED = PANES.slice(1);

  const VERTEX = `#version 300 es
    void main() {
      vec2 corner = vec2((gl_VertexID << 1) & 2, gl_VertexID & 2);
      gl_Position = vec4(corner * 2.0 - 1.0, 0.0, 1.0);
    }`;

  const FRAGMENT = `#version 300 es
    precision highp float;
    precision highp int;
    uniform sampler2D past, now, palettes;
    uniform int norm;
    uniform float slope, shift, parameter, gain;
    uniform bool absolute, pixels, numbers;
    layout(location = 0) out vec4 difference;
    layout(location = 1) out vec4 attention;
    layout(location = 2) out vec4 prompt;

    // Integers below 2^24 are exact in highp: equal pixels differ by exactly 0.
    float luma(vec3 rgb) { return dot(floor(rgb * 255.0 + 0.5), vec3(299.0, 587.0, 114.0)); }

    float attentionOf(float d) {
      float p = abs(d);
      if (norm == 1) return p > 0.0 ? pow(p, parameter) : 0.0;
      if (norm == 2) return p < 1.0 ? 1.0 - pow(1.0 - p, parameter) : 1.0;
      if (norm == 3) return 2.0 / (1.0 + exp(-parameter * p)) - 1.0;
      if (norm == 4) return min(1.0, log(parameter * p + sqrt(parameter * parameter * p * p + 1.0)));
      return 1.0 / (1.0 + exp(-slope * (d - shift)));
    }

    vec4 paint(int row, float value) {
      return texelFetch(palettes, ivec2(int(floor(clamp(value, 0.0, 1.0) * 255.0 + 0.5)), row), 0);
    }

    void main() {
      ivec2 at = ivec2(gl_FragCoord.xy);
      vec3 rgb = texelFetch(now, at, 0).rgb;
      float d = (luma(rgb) - luma(texelFetch(past, at, 0).rgb)) / 255000.0;
      if (absolute) d = abs(d);
      float f = attentionOf(d);
      difference = paint(0, clamp(d * gain, -1.0, 1.0) * 0.5 + 0.5);
      attention = paint(1, f);
      prompt = vec4(pixels ? f * rgb : f * (rgb - 0.45) + 0.45, 1.0);
      if (numbers) { // 16 bits a pixel instead of a colour
        float whole = floor(clamp(f, 0.0, 1.0) * 65535.0 + 0.5);
        attention = vec4(floor(whole / 256.0), mod(whole, 256.0), 0.0, 255.0) / 255.0;
      }
    }`;

  /* One pass computes three pictures; they are read back and put on the page. In software rendering, where it counts,
   * that takes less than half of what copying from a WebGL canvas takes, and no colour management touches the bytes. */
  class Gpu {
    constructor() {
      this.canvas = Object.assign(document.createElement("canvas"), {width: 1, height: 1});
      const gl = (this.gl = this.canvas.getContext("webgl2", {alpha: false, antialias: false, depth: false}));
      if (!gl) throw new Error("no WebGL2");
      this.canvas.addEventListener("webglcontextlost", () => { if (Gpu.shared === this) Gpu.fail(); });
      this.program = this.link();
      this.textures = new Map();
      this.at = {};
      for (const name of ["past", "now", "palettes", "norm", "slope", "shift", "parameter", "gain", "absolute", "pixels",
        "numbers"]) this.at[name] = gl.getUniformLocation(this.program, name);
      this.palettes = this.texture(2, 256, 2);
      const rows = new Uint8Array([...PALETTES.difference, ...PALETTES.attention]);
      gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, 256, 2, gl.RGBA, gl.UNSIGNED_BYTE, rows);
      gl.uniform1i(this.at.past, 0);
      gl.uniform1i(this.at.now, 1);
      gl.uniform1i(this.at.palettes, 2);
      gl.bindFramebuffer(gl.FRAMEBUFFER, gl.createFramebuffer());
    }

    static shared = null;
    static broken = false;
    static get() {
      if (!Gpu.shared && !Gpu.broken) {
        try { Gpu.shared = new Gpu(); } catch { Gpu.broken = true; }
      }
      return Gpu.shared;
    }
    /* The context is gone: draw with Canvas, and ask for a new one a little later. */
    static fail() {
      Gpu.shared = null;
      Gpu.broken = true;
      setTimeout(() => { Gpu.broken = false; redrawAll(); }, 1500);
      redrawAll();
    }
    static release() {
      const gpu = Gpu.shared;
      Gpu.shared = null;
      gpu?.gl.getExtension("WEBGL_lose_context")?.loseContext();
    }

    link() {
      const gl = this.gl, program = gl.createProgram();
      for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
        const shader = gl.createShader(kind);
        gl.shaderSource(shader, source);
        gl.compileShader(shader);
        gl.attachShader(program, shader);
      }
      gl.linkProgram(program);
      if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program) ?? "link");
      gl.useProgram(program);
      gl.bindVertexArray(gl.createVertexArray());
      return program;
    }

    texture(unit, width, height) {
      const gl = this.gl, texture = gl.createTexture();
      gl.activeTexture(gl.TEXTURE0 + unit);
      gl.bindTexture(gl.TEXTURE_2D, texture);
      gl.texStorage2D(gl.TEXTURE_2D, 1, gl.RGBA8, width, height);
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
      return texture;
    }

    /* Three textures of this size to draw into. */
    target(width, height) {
      if (this.width === width && this.height === height) return;
      const gl = this.gl;
      this.targets?.forEach((texture) => gl.deleteTexture(texture));
      this.targets = COMPUTED.map(() => this.texture(3, width, height));
      this.targets.forEach((texture, i) => {
        gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0 + i, gl.TEXTURE_2D, texture, 0);
      });
      gl.drawBuffers(COMPUTED.map((_, i) => gl.COLOR_ATTACHMENT0 + i));
      gl.viewport(0, 0, width, height);
      Object.assign(this, {width, height, pictures: COMPUTED.map(() => new ImageData(width, height))});
    }

    /* Bind a frame; the four used last stay on the device. */
    bind(unit, frame, width, height) {
      const gl = this.gl;
      let kept = this.textures.get(frame.id);
      if (kept) this.textures.delete(frame.id);
      else kept = this.upload(unit, frame, width, height);
      this.textures.set(frame.id, kept);
      gl.activeTexture(gl.TEXTURE0 + unit);
      gl.bindTexture(gl.TEXTURE_2D, kept.texture);
    }
    upload(unit, frame, width, height) {
      const gl = this.gl;
      let kept = null;
      if (this.textures.size >= 4) {
        const [oldest, entry] = this.textures.entries().next().value;
        this.textures.delete(oldest);
        if (entry.width === width && entry.height === height) kept = entry;
        else gl.deleteTexture(entry.texture);
      }
      kept ??= {texture: this.texture(unit, width, height), width, height};
      gl.activeTexture(gl.TEXTURE0 + unit);
      gl.bindTexture(gl.TEXTURE_2D, kept.texture);
      const bytes = new Uint8Array(frame.data.buffer, frame.data.byteOffset, frame.data.byteLength);
      gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, bytes);
      return kept;
    }

    compute({past, now, width, height, settings: s}, numbers) {
      const {gl, at} = this;
      this.target(width, height);
      this.bind(0, past, width, height);
      this.bind(1, now, width, height);
      gl.uniform1i(at.norm, Object.keys(NORMS).indexOf(s.norm));
      for (const name of ["slope", "shift", "parameter", "gain"]) gl.uniform1f(at[name], s[name]);
      gl.uniform1i(at.absolute, s.difference === "absolute");
      gl.uniform1i(at.pixels, s.product === "pixels");
      gl.uniform1i(at.numbers, numbers);
      gl.drawArrays(gl.TRIANGLES, 0, 3);
    }
    /* Rows come from the top: frames go into textures and come out of them in the same order. */
    read(i) {
      const {gl, width, height} = this, bytes = new Uint8Array(this.pictures[i].data.buffer);
      gl.readBuffer(gl.COLOR_ATTACHMENT0 + i);
      gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, bytes);
      return bytes;
    }

    draw(job, contexts) {
      this.compute(job, false);
      COMPUTED.forEach((_, i) => this.read(i));
      if (this.gl.isContextLost()) return false;
      contexts.frame.putImageData(new ImageData(job.now.data, job.width, job.height), 0, 0);
      COMPUTED.forEach((name, i) => contexts[name].putImageData(this.pictures[i], 0, 0));
      return true;
    }

    /* The attention as numbers, 16 bits a pixel. */
    numbers(job) {
      this.compute(job, true);
      const bytes = this.read(1);
      return Float32Array.from({length: job.width * job.height}, (_, i) => (256 * bytes[4 * i] + bytes[4 * i + 1]) / 65535);
    }
  }

  // --- Canvas: the same numbers in plain JavaScript ----------------------------------------------------------------

  const asWords = (bytes) => new Uint32Array(bytes.buffer);

  class Painter {
    constructor() {
      this.table = new AttentionTable();
      this.pictures = null;
    }

    /* Integer differences of a pair, kept while the pair stays. */
    differences({past, now, width, height, settings}) {
      const key = [past.id, now.id, settings.difference].join();
      if (key === this.pair) return this.steps;
      if (this.steps?.length !== width * height) this.steps = new Int32Array(width * height);
      const steps = this.steps, a = past.data, b = now.data, absolute = settings.difference === "absolute";
      for (let i = 0, j = 0; i < steps.length; i++, j += 4) {
        const d = 299 * (b[j] - a[j]) + 587 * (b[j + 1] - a[j + 1]) + 114 * (b[j + 2] - a[j + 2]);
        steps[i] = absolute && d < 0 ? -d : d;
      }
      this.pair = key;
      return steps;
    }

    /* Attention at one integer difference. */
    at(d, settings) {
      const values = this.table.for(settings);
      let value = values[d + 255000];
      if (value !== value) value = values[d + 255000] = attentionOf(d / 255000, settings);
      return value;
    }

    draw(job, contexts) {
      const {width, height, now, settings: s} = job, steps = this.differences(job), values = this.table.for(s);
      if (this.pictures?.[0].width !== width || this.pictures[0].height !== height) {
        this.pictures = [0, 1, 2].map(() => new ImageData(width, height));
      }
      const [difference, attention, prompt] = this.pictures.map((picture) => asWords(picture.data));
      const blue = asWords(PALETTES.difference), red = asWords(PALETTES.attention);
      const gain = (s.gain * 127.5) / 255000, still = s.product === "pixels" ? 0 : 114.75, rgb = now.data;
      for (let i = 0, j = 0; i < steps.length; i++, j += 4) {
        const d = steps[i], level = d * gain + 127.5;
        let f = values[d + 255000];
        if (f !== f) f = values[d + 255000] = attentionOf(d / 255000, s);
        difference[i] = blue[level < 0 ? 0 : level > 255 ? 255 : (level + 0.5) | 0];
        attention[i] = red[(f * 255 + 0.5) | 0];
        const rest = (1 - f) * still + 0.5;
        prompt[i] = 0xff000000 | ((f * rgb[j + 2] + rest) << 16) | ((f * rgb[j + 1] + rest) << 8) | (f * rgb[j] + rest);
      }
      contexts.frame.putImageData(new ImageData(rgb, width, height), 0, 0);
      COMPUTED.forEach((name, i) => contexts[name].putImageData(this.pictures[i], 0, 0));
      return true;
    }

    numbers(job) {
      return Float32Array.from(this.differences(job), (d) => this.at(d, job.settings));
    }

    /* Histogram of the differences, mean attention, and mean |prompt - frame| on the scale of 0 to 255. */
    measures(job) {
      const {now, settings: s} = job, steps = this.differences(job), values = this.table.for(s), rgb = now.data;
      const bins = new Uint32Array(BINS), still = s.product === "pixels" ? 0 : 114.75, width = BINS / 510001;
      const reach = Float32Array.from({length: 256}, (_, value) => Math.abs(value - still));
      let sum = 0, distance = 0;
      for (let i = 0, j = 0; i < steps.length; i++, j += 4) {
        const d = steps[i];
        let f = values[d + 255000];
        if (f !== f) f = values[d + 255000] = attentionOf(d / 255000, s);
        bins[((d + 255000) * width) | 0]++;
        sum += f;
        distance += (1 - f) * (reach[rgb[j]] + reach[rgb[j + 1]] + reach[rgb[j + 2]]);
      }
      return {bins, mean: sum / steps.length, distance: distance / (3 * steps.length)};
    }
  }
  const BINS = 161; // odd: the middle bin is centred on 0

  // --- The plot: the curve, and this frame's differences under it on the same axis ---------------------------------

  const SVG = "http://www.w3.org/2000/svg";

  function make(tag, attributes = {}, ...children) {
    const svg = ["svg", "path", "line", "circle", "rect", "text", "g", "defs", "linearGradient", "stop"].includes(tag);
    const node = svg ? document.createElementNS(SVG, tag) : document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else if (value === true) node.setAttribute(name, "");
      else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
    }
    node.append(...children.filter((child) => child !== null && child !== undefined));
    return node;
  }

  class Plot {
    constructor(id, onDrag) {
      this.svg = make("svg", {class: "vmp-plot", role: "img", "aria-label": "The power normalisation curve"});
      this.id = id;
      this.onDrag = onDrag;
      this.width = 0;
      this.measures = null;
      new ResizeObserver(() => this.resize()).observe(this.svg);
    }

    resize() {
      const {width, height} = this.svg.getBoundingClientRect();
      if (!width || (width === this.width && height === this.height)) return;
      Object.assign(this, {width, height, left: 34, right: width - 8, top: 24});
      this.strip = Math.round(height * 0.62); // the difference's colours lie between curve and histogram
      this.foot = height - 34;
      this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
      this.build();
      if (this.settings) this.showCurve(this.settings);
      if (this.measures) this.showBars(this.measures);
    }

    x(d) { return this.left + ((d + 1) / 2) * (this.right - this.left); }
    y(f) { return this.strip - 6 - f * (this.strip - 6 - this.top); }

    build() {
      const {left, right, strip, foot} = this, mid = (left + right) / 2;
      const text = (x, y, words, anchor, kind = "") => make("text", {x, y, "text-anchor": anchor, class: kind}, words);
      const line = (x1, y1, x2, y2, kind) => make("line", {x1, y1, x2, y2, class: kind});
      this.bars = make("path", {class: "vmp-bars"});
      this.curve = make("path", {class: "vmp-curve"});
      this.zero = make("circle", {r: 4.5, class: "vmp-zero"});
      this.zeroLine = make("path", {class: "vmp-guide"});
      this.zeroText = text(0, 0, "", "start", "vmp-zero-text");
      this.shiftLine = make("path", {class: "vmp-guide"});
      this.probe = make("circle", {r: 5, class: "vmp-probe"});
      this.handle = make("g", {class: "vmp-handle"}, make("circle", {r: 18, class: "vmp-reach"}), make("circle", {r: 7}));
      this.handle.addEventListener("pointerdown", (press) => this.drag(press));
      this.svg.replaceChildren(
        this.gradients(),
        make("rect", {x: left - 9, y: this.y(1), width: 5, height: this.y(0) - this.y(1), fill: `url(#${this.id}-a)`}),
        ...[0, 0.5, 1].flatMap((f) => [
          line(left, this.y(f), right, this.y(f), "vmp-grid"), text(left - 13, this.y(f) + 4, String(f), "end"),
        ]),
        ...[-1, -0.5, 0, 0.5, 1].flatMap((d) => [
          line(this.x(d), this.top, this.x(d), foot, d === 0 ? "vmp-grid vmp-axis" : "vmp-grid"),
          text(this.x(d), foot + 14, String(d).replace("-", "−"), d === -1 ? "start" : d === 1 ? "end" : "middle"),
        ]),
        make("rect", {x: left, y: strip - 2, width: right - left, height: 6, fill: `url(#${this.id}-d)`}),
        text(mid, foot + 30, "difference D", "middle", "vmp-label"),
        text(right, strip + 18, "pixels, log count", "end", "vmp-label"),
        (this.axis = text(left - 9, 11, "", "start", "vmp-label")),
        this.bars, this.shiftLine, this.zeroLine, this.curve, this.zero, this.zeroText, this.probe, this.handle,
      );
      this.probe.style.display = "none";
    }

    gradients() {
      const stops = (anchors) => anchors.map((rgb, i) =>
        make("stop", {offset: i / (anchors.length - 1), "stop-color": `rgb(${rgb.join()})`}));
      this.colours = make("linearGradient", {id: `${this.id}-d`, gradientUnits: "userSpaceOnUse"}, ...stops(DIFFERENCE_ANCHORS));
      const upright = {id: `${this.id}-a`, x1: 0, x2: 0, y1: 1, y2: 0};
      return make("defs", {}, this.colours, make("linearGradient", upright, ...stops(ATTENTION_ANCHORS)));
    }

    showCurve(settings) {
      this.settings = settings;
      if (!this.width) return;
      const learnable = settings.norm === "learnable", half = settings.difference === "absolute";
      const points = Array.from({length: 401}, (_, i) => (half ? i / 400 : i / 200 - 1));
      const place = (d) => `${this.x(d).toFixed(1)} ${this.y(attentionOf(d, settings)).toFixed(1)}`;
      this.axis.textContent = `attention ${learnable ? "f(D)" : "|f(D)|"}`;
      this.curve.setAttribute("d", `M${points.map(place).join("L")}`);
      this.colours.setAttribute("x1", this.x(-1 / settings.gain));
      this.colours.setAttribute("x2", this.x(1 / settings.gain));
      const still = attentionOf(0, settings), [x, y] = [this.x(0), this.y(still)];
      this.zero.setAttribute("cx", x);
      this.zero.setAttribute("cy", y);
      this.zeroLine.setAttribute("d", `M${this.left} ${y}H${x}`);
      this.zeroText.textContent = `f(0) = ${still.toFixed(3)}`;
      this.zeroText.setAttribute("x", x + 9);
      this.zeroText.setAttribute("y", still > 0.86 ? y + 18 : y - 8);
      this.handle.style.display = this.shiftLine.style.display = learnable ? "" : "none";
      this.handle.setAttribute("transform", `translate(${this.x(settings.shift)} ${this.y(0.5)})`);
      this.shiftLine.setAttribute("d", `M${this.x(settings.shift)} ${this.y(0.5)}V${this.strip}`);
    }

    showBars(measures) {
      this.measures = measures;
      if (!this.width) return;
      const {bins} = measures, base = this.foot, tall = this.foot - this.strip - 10;
      const full = Math.log1p(bins.reduce((sum, count) => sum + count, 0)), step = (this.right - this.left) / BINS;
      let path = "";
      bins.forEach((count, i) => {
        if (!count) return;
        const top = base - (Math.log1p(count) / full) * tall;
        path += `M${(this.left + i * step).toFixed(1)} ${base}V${top.toFixed(1)}h${step.toFixed(2)}V${base}Z`;
      });
      this.bars.setAttribute("d", path);
    }

    showProbe(d, f) {
      if (!this.width) return;
      this.probe.style.display = d === null ? "none" : "";
      if (d === null) return;
      this.probe.setAttribute("cx", this.x(d));
      this.probe.setAttribute("cy", this.y(f));
    }

    /* The dot at (b, 1/2): sideways it moves the shift, up and down it steepens and flattens. */
    drag(press) {
      press.preventDefault();
      const from = {x: press.clientX, y: press.clientY, slope: this.settings.slope, shift: this.settings.shift};
      const move = (now) => this.onDrag({
        shift: clamp(from.shift + (2 * (now.clientX - from.x)) / (this.right - this.left), ...RANGES.shift),
        slope: clamp(from.slope * 2 ** ((from.y - now.clientY) / 60), ...RANGES.slope),
      });
      const end = () => {
        this.handle.removeEventListener("pointermove", move);
        this.handle.removeEventListener("pointerup", end);
        this.handle.removeEventListener("pointercancel", end);
      };
      this.handle.setPointerCapture(press.pointerId);
      this.handle.addEventListener("pointermove", move);
      this.handle.addEventListener("pointerup", end);
      this.handle.addEventListener("pointercancel", end);
    }
  }

  // --- The view: the elements, and how they show the state ---------------------------------------------------------

  const ICONS = {
    play: "M7 4.5v15l12-7.5z", pause: "M7 5h3.6v14H7zM13.4 5H17v14h-3.6z", back: "M15.5 5v14L6.5 12zM5 5h1.8v14H5z",
    on: "M8.5 5v14l9-7zM17.2 5H19v14h-1.8z", large: "M4 4h7v2H6v5H4zM20 20h-7v-2h5v-5h2z",
  };
  const icon = (name) => make("svg", {viewBox: "0 0 24 24", "aria-hidden": "true"}, make("path", {d: ICONS[name]}));
  const signed = (value, digits) => value.toFixed(digits).replace("-", "−");
  const short = (value) => String(+value.toPrecision(4)).replace("-", "−");

  /* A row of buttons of which one is chosen. */
  class Choice {
    constructor(label, options, onChoose) {
      this.buttons = new Map(Object.entries(options).map(([value, title]) =>
        [value, make("button", {type: "button", "data-value": value, onclick: () => onChoose(value)}, title)]));
      this.node = make("div", {class: "vmp-choice", role: "group", "aria-label": label}, ...this.buttons.values());
    }
    show(value) {
      for (const [name, button] of this.buttons) button.setAttribute("aria-pressed", String(name === value));
    }
  }

  /* A slider with a field for the exact number. Arrows move by `step`, with Shift by a tenth of it. */
  class Slider {
    constructor({name, title, min, max, step, digits, onInput, bent = false}) {
      Object.assign(this, {min, max, digits, bent});
      const change = (value) => Number.isFinite(value) && onInput(clamp(value, this.min, this.max));
      this.range = make("input", {type: "range", min: 0, max: 1, step: "any", name, "aria-label": title,
        oninput: () => change(this.valueAt(+this.range.value)),
        onkeydown: (press) => {
          const way = {ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10}[press.key];
          if (way === undefined) return;
          press.preventDefault();
          change(+(this.value + way * step * (press.shiftKey ? 0.1 : 1)).toFixed(6));
        }});
      this.field = make("input", {type: "number", name: `${name}-number`, min, max, step, "aria-label": `${title}, number`,
        onchange: () => change(this.field.value === "" ? NaN : +this.field.value)});
      this.note = make("span", {class: "vmp-note"});
      this.symbol = make("span", {class: "vmp-name"}, title);
      this.node = make("div", {class: "vmp-slider"}, this.symbol, this.note, this.field, this.range);
    }
    // A bent slider is logarithmic.
    valueAt(at) { return this.bent ? this.min * (this.max / this.min) ** at : this.min + at * (this.max - this.min); }
    placeOf(value) {
      return this.bent ? Math.log(value / this.min) / Math.log(this.max / this.min) : (value - this.min) / (this.max - this.min);
    }
    show(value, note = "") {
      this.value = value;
      this.range.value = this.placeOf(value);
      this.range.style.setProperty("--at", `${100 * this.placeOf(value)}%`);
      this.range.setAttribute("aria-valuetext", `${value.toFixed(this.digits)}${note ? `, ${note}` : ""}`);
      const shown = String(+value.toFixed(this.digits));
      if (this.field.value !== shown) this.field.value = shown;
      this.note.textContent = note;
    }
  }

  const pairName = (pair) => {
    const name = DATASETS[pair.dataset] + ("lambda" in pair ? ` λ ${pair.lambda}` : "");
    const [a, b] = pair.m === undefined ? [pair.a, pair.b] : [slopeOf(pair.m), shiftOf(pair.n)];
    return `${name}: a ${a.toFixed(2)}, b ${signed(b, b.toFixed(3).endsWith("0") ? 2 : 3)}`;
  };
  const pairValues = (pair) =>
    pair.m === undefined ? {slope: pair.a, shift: pair.b} : {slope: slopeOf(pair.m), shift: shiftOf(pair.n)};
  const PRESETS = Object.fromEntries([
    ...PAPER_PAIRS.map((pair) => [`paper ${pair.dataset} ${pair.lambda}`, pair]),
    ...PAGE_PAIRS.map((pair) => [`page ${pair.dataset}`, pair]),
  ]);
  const same = (one, other) => Math.abs(one.slope - other.slope) < 1e-6 && Math.abs(one.shift - other.shift) < 1e-6;

  const TITLES = {frame: "Frame t + 1", difference: "Difference", attention: "Attention", prompt: "Prompt"};

  class View {
    constructor(owner, root) {
      this.owner = owner;
      this.root = root;
      this.id = `vmp-${++View.count}`;
      this.poster = root.querySelector(".vmp-poster");
      this.body = make("div", {class: "vmp-body"},
        this.makeBar(), this.makeStage(), this.makePlot(), this.makeTuning(), this.makeReadouts(), this.makeSettings(),
        this.makeNotes(), (this.live = make("p", {class: "vmp-hidden", role: "status"})));
      root.replaceChildren(this.body);
      root.classList.add("vmp-mounted");
      this.showPoster();
    }
    static count = 0;

    makeBar() {
      const {owner} = this;
      const titles = {...EXAMPLES, ...(owner.ownTitle ? {own: owner.ownTitle} : {})};
      this.clips = new Choice("Clip", titles, (name) => owner.choose(name));
      this.file = make("input", {type: "file", accept: "video/*", class: "vmp-hidden", tabindex: -1, "aria-hidden": "true",
        onchange: () => { if (this.file.files[0]) owner.open(this.file.files[0]); this.file.value = ""; }});
      this.fileButton = make("button", {type: "button", "data-value": "file", onclick: () => this.file.click(),
        title: "Open a video file of your own: it stays in this page"}, "Your video…");
      this.webcamButton = make("button", {type: "button", "data-value": "webcam",
        onclick: () => (owner.clip?.live ? owner.stopWebcam() : owner.startWebcam())}, "Webcam");
      this.clips.node.append(this.fileButton, this.webcamButton);
      this.clips.buttons.set("file", this.fileButton).set("webcam", this.webcamButton);
      return make("div", {class: "vmp-bar"}, this.clips.node, this.file);
    }

    makeStage() {
      this.contexts = {};
      this.crosses = [];
      this.captions = {};
      this.canvases = {};
      const panes = PANES.map((name) => this.makePane(name));
      this.bar = make("div", {class: "vmp-progress", role: "progressbar", "aria-label": "Reading the clip",
        "aria-valuemin": 0}, make("span"));
      this.message = make("p", {class: "vmp-message", role: "alert", hidden: true});
      this.panes = make("div", {class: "vmp-panes", tabindex: 0, role: "group",
        "aria-label": "Frame, difference, attention and prompt. Space plays and pauses, the arrow keys step."},
      ...panes, this.bar);
      this.panes.addEventListener("keydown", (press) => this.keys(press));
      return make("div", {class: "vmp-stage"}, this.panes, this.message, this.makeTransport());
    }

    makePane(name) {
      const canvas = (this.canvases[name] = make("canvas", {width: 480, height: 270, role: "img", "aria-label": TITLES[name]}));
      this.contexts[name] = canvas.getContext("2d", {alpha: false});
      const cross = make("span", {class: "vmp-cross", hidden: true});
      this.crosses.push(cross);
      this.captions[name] = make("span", {class: "vmp-caption-note"});
      const picture = make("div", {class: "vmp-picture"}, canvas, cross);
      picture.addEventListener("pointermove", (point) => this.point(point, canvas));
      picture.addEventListener("pointerdown", (point) => this.point(point, canvas));
      picture.addEventListener("pointerleave", () => this.owner.probe(null));
      const larger = make("button", {type: "button", class: "vmp-larger", "aria-pressed": "false",
        "aria-label": `${TITLES[name]}: larger`, title: "Larger", onclick: () => this.enlarge(name)}, icon("large"));
      return make("figure", {class: "vmp-pane", "data-pane": name},
        make("figcaption", {}, make("span", {class: "vmp-dot"}), make("span", {class: "vmp-title"}, TITLES[name]),
          this.captions[name], larger), picture);
    }

    point(pointer, canvas) {
      const box = canvas.getBoundingClientRect();
      const x = Math.floor(((pointer.clientX - box.left) / box.width) * canvas.width);
      const y = Math.floor(((pointer.clientY - box.top) / box.height) * canvas.height);
      if (x >= 0 && y >= 0 && x < canvas.width && y < canvas.height) this.owner.probe([x, y]);
    }

    enlarge(name) {
      for (const pane of this.panes.querySelectorAll(".vmp-pane")) {
        const large = pane.dataset.pane === name && !pane.classList.contains("vmp-large");
        pane.classList.toggle("vmp-large", large);
        pane.querySelector(".vmp-larger").setAttribute("aria-pressed", String(large));
      }
    }

    makeTransport() {
      const {owner} = this;
      const button = (name, title, act) => make("button", {type: "button", class: `vmp-${name}`, "aria-label": title, title,
        onclick: act}, icon(name));
      this.playButton = button("play", "Play", () => owner.toggle());
      this.scrub = make("input", {type: "range", name: "frame", min: 1, max: 119, step: 1, "aria-label": "Frame",
        oninput: () => owner.set({frame: +this.scrub.value})});
      this.clock = make("span", {class: "vmp-clock"});
      this.speed = make("button", {type: "button", class: "vmp-speed", title: "Speed of play", "aria-label": "Speed of play: 1",
        onclick: () => owner.cycleSpeed()}, "1×");
      return make("div", {class: "vmp-transport"}, button("back", "One frame back", () => owner.step(-1)), this.playButton,
        button("on", "One frame on", () => owner.step(1)), this.scrub, this.clock, this.speed);
    }

    keys(press) {
      const {owner} = this, at = press.target;
      if (at !== this.panes || press.ctrlKey || press.metaKey || press.altKey) return;
      const acts = {" ": () => owner.toggle(), ArrowLeft: () => owner.step(-1), ArrowRight: () => owner.step(1),
        Home: () => owner.set({frame: 0}), End: () => owner.set({frame: Infinity})};
      if (!acts[press.key]) return;
      press.preventDefault();
      acts[press.key]();
    }

    makePlot() {
      this.plot = new Plot(this.id, (values) => this.owner.set(values, "page"));
      return make("div", {class: "vmp-plot-box"}, this.plot.svg);
    }

    makeTuning() {
      const {owner} = this;
      this.slope = new Slider({name: "slope", title: "Slope a", min: RANGES.slope[0], max: RANGES.slope[1], step: 0.1,
        digits: 3, bent: true, onInput: (slope) => owner.set({slope}, "page")});
      this.shift = new Slider({name: "shift", title: "Shift b", min: RANGES.shift[0], max: RANGES.shift[1], step: 0.01,
        digits: 4, onInput: (shift) => owner.set({shift}, "page")});
      this.parameter = new Slider({name: "parameter", title: "Parameter", min: 1, max: 100, step: 0.1, digits: 3, bent: true,
        onInput: (parameter) => owner.set({parameter}, "page")});
      const options = (pairs, kind) => pairs.map((pair) => {
        const key = kind === "paper" ? `paper ${pair.dataset} ${pair.lambda}` : `page ${pair.dataset}`;
        return make("option", {value: key}, pairName(pair));
      });
      this.preset = make("select", {name: "preset", "aria-label": "Learned pair",
        onchange: () => owner.set({norm: "learnable", ...pairValues(PRESETS[this.preset.value])}, "page")},
      make("option", {value: "", disabled: true}, "none of these"),
      make("optgroup", {label: "Learned in the paper"}, ...options(PAPER_PAIRS, "paper")),
      make("optgroup", {label: "On the authors' page"}, ...options(PAGE_PAIRS, "page")));
      this.lambda = make("input", {type: "range", name: "lambda", min: 0, max: PAGE_LAMBDAS.length - 1, step: 1, value: 0,
        "aria-label": "λ on FineGym, authors' page", oninput: () => {
          owner.set({norm: "learnable", ...pairValues(PAGE_LAMBDAS[+this.lambda.value])}, "page");
        }});
      this.lambdaNote = make("span", {class: "vmp-note"});
      this.lambdaValue = make("span", {class: "vmp-value"});
      return make("div", {class: "vmp-tuning"}, this.slope.node, this.shift.node, this.parameter.node,
        make("label", {class: "vmp-row"}, make("span", {class: "vmp-name"}, "Learned pair"), this.preset),
        make("div", {class: "vmp-slider vmp-lambda"}, make("span", {class: "vmp-name"}, "FineGym, λ"),
          this.lambdaNote, this.lambdaValue, this.lambda));
    }

    makeSettings() {
      const {owner} = this;
      const titled = (title, node) => make("div", {class: "vmp-row"}, make("span", {class: "vmp-name"}, title), node);
      this.norm = make("select", {name: "norm", "aria-label": "Power normalisation",
        onchange: () => owner.set({norm: this.norm.value}, "page")},
      ...Object.entries(NORMS).map(([name, {title}]) => make("option", {value: name}, title)));
      this.difference = new Choice("Difference", {signed: "signed D", absolute: "absolute |D|"},
        (difference) => owner.set({difference}, "page"));
      this.product = new Choice("Prompt: attention times", {normalised: "normalised frame", pixels: "pixels"},
        (product) => owner.set({product}, "page"));
      this.gain = new Choice("Difference shown", {1: "×1", 4: "×4", 16: "×16"}, (gain) => owner.set({gain: +gain}));
      this.spacing = make("input", {type: "range", name: "spacing", min: 1, max: 30, step: 1, "aria-label": "Frames apart",
        oninput: () => owner.set({spacing: +this.spacing.value}, "page")});
      this.spacingNote = make("span", {class: "vmp-note"});
      this.spacingValue = make("span", {class: "vmp-value"});
      return make("div", {class: "vmp-settings"},
        titled("Power normalisation", this.norm), titled("Difference", this.difference.node),
        titled("Prompt: attention times the", this.product.node), titled("Difference is shown", this.gain.node),
        make("div", {class: "vmp-slider vmp-spacing"}, make("span", {class: "vmp-name"}, "Frames apart"), this.spacingNote,
          this.spacingValue, this.spacing));
    }

    makeReadouts() {
      this.outputs = {};
      const cell = (name, title, help) => make("div", {title: help}, make("dt", {}, title),
        (this.outputs[name] = make("dd", {"data-readout": name}, "–")));
      this.sentence = make("p", {class: "vmp-sentence"});
      this.probeText = make("span", {class: "vmp-probe-text"});
      return make("div", {class: "vmp-readouts"}, make("dl", {},
        cell("still", "f(0)", "Attention of a pixel that does not change"),
        cell("mean", "mean attention", "Over the pixels of this frame"),
        cell("variation", "V, whole clip", "Temporal attention variation (Eq. 6), as a mean over pixels"),
        cell("distance", "prompt from frame", "Mean |prompt - frame| of this frame, on the scale of 0 to 255")),
      make("div", {class: "vmp-words"}, this.sentence, this.probeText));
    }

    makeNotes() {
      const lines = [
        "The difference is taken of the integer 299 R + 587 G + 114 B of the two frames and divided by 255,000: orange where a pixel became brighter, blue where darker. Its colours are amplified as said; its values are not.",
        "Gamma, MaxExp, SigmE and AsinhE are odd functions that give a negative value for a negative difference. An attention that multiplies a frame needs a size, not a sign: shown and used is |f(D)|, and AsinhE is cut at 1.",
        "Times the normalised frame (published code), attention 0 gives mid-grey: 0.45 of full brightness. Times the pixels (Eq. 4), it gives black.",
        "V is the mean over pixels of the squared change between attention maps that follow each other (Eq. 6 as the published code takes it), for frames 0, k, 2k, … of the clip when differences are k frames apart.",
        "The dot on the curve can be dragged: sideways for the shift, up and down for the slope. Point at a pixel to see where it lies on the curve.",
        `Your own video and the webcam stay in this page; nothing is uploaded. Of a file the first ${LIMITS.seconds} seconds are read, at most ${LIMITS.frames} frames, scaled to at most ${LIMITS.side} pixels on the longer side. You can also drop a file on the pictures. The webcam needs a page from https or localhost.`,
      ];
      return make("details", {class: "vmp-notes"}, make("summary", {}, "What is shown, exactly"),
        make("ul", {}, ...lines.map((line) => make("li", {}, line))));
    }

    // --- showing ---

    /* The still picture of the page, two panes by two, until the first frame is there. */
    showPoster() {
      this.poster?.decode().then(() => {
        const {poster} = this;
        if (!poster) return;
        const width = poster.naturalWidth / 2, height = poster.naturalHeight / 2;
        PANES.forEach((name, i) => {
          const canvas = this.canvases[name];
          this.contexts[name].drawImage(poster, (i & 1) * width, (i >> 1) * height, width, height, 0, 0, canvas.width, canvas.height);
        });
      }, () => {});
    }

    resize(width, height) {
      for (const canvas of Object.values(this.canvases)) {
        if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, {width, height});
      }
      this.panes.style.setProperty("--vmp-ratio", `${width} / ${height}`);
      this.panes.classList.toggle("vmp-tall", height > width * 1.2);
      this.poster = null;
    }

    showState(s, clip) {
      const learnable = s.norm === "learnable";
      this.clips.show(s.clip);
      this.slope.show(s.slope, `m = ${signed(mOf(s.slope), 3)}`);
      this.shift.show(s.shift, `n = ${signed(nOf(s.shift), 3)}`);
      this.slope.node.hidden = this.shift.node.hidden = !learnable;
      this.parameter.node.hidden = learnable;
      if (!learnable) this.showParameter(s);
      this.norm.value = s.norm;
      this.difference.show(s.difference);
      this.product.show(s.product);
      this.gain.show(String(s.gain));
      this.showPairs(s, learnable);
      this.showSpacing(s, clip);
      this.plot.showCurve(s);
    }

    showParameter(s) {
      const {title, symbol, min, max} = NORMS[s.norm];
      Object.assign(this.parameter, {min, max});
      this.parameter.symbol.textContent = `${title}: ${symbol}`;
      this.parameter.range.setAttribute("aria-label", `${title}: ${symbol}`);
      Object.assign(this.parameter.field, {min, max});
      this.parameter.show(s.parameter);
    }

    showPairs(s, learnable) {
      const preset = learnable && Object.entries(PRESETS).find(([, pair]) => same(pairValues(pair), s));
      this.preset.value = preset ? preset[0] : "";
      const at = learnable ? PAGE_LAMBDAS.findIndex((pair) => same(pairValues(pair), s)) : -1;
      this.lambda.classList.toggle("vmp-off", at < 0);
      if (at >= 0) this.lambda.value = at;
      this.lambda.style.setProperty("--at", `${(100 * this.lambda.value) / (PAGE_LAMBDAS.length - 1)}%`);
      const pair = PAGE_LAMBDAS[at];
      this.lambdaValue.textContent = pair ? String(pair.lambda) : "–";
      this.lambdaNote.textContent = pair ? `m = ${short(pair.m)}, n = ${short(pair.n)}` : "from the authors' page";
      this.lambda.setAttribute("aria-valuetext", pair ? `λ ${pair.lambda}: m ${pair.m}, n ${pair.n}` : "not one of these pairs");
    }

    showSpacing(s, clip) {
      const longest = clip?.longestSpacing ?? 30, seconds = s.spacing / (clip?.rate || 30);
      this.spacing.max = longest;
      this.spacing.value = s.spacing;
      this.spacing.style.setProperty("--at", `${(100 * (s.spacing - 1)) / Math.max(1, longest - 1)}%`);
      this.spacingValue.textContent = String(s.spacing);
      const words = s.spacing === 1 ? `adjacent, ${seconds.toFixed(3)} s` : `${seconds.toFixed(2)} s between them`;
      this.spacingNote.textContent = words;
      this.spacing.setAttribute("aria-valuetext", `${s.spacing} frames, ${words}`);
      this.captions.frame.textContent = s.spacing === 1 ? "" : `${seconds.toFixed(2)} s after t`;
      this.captions.difference.textContent = `${s.difference === "absolute" ? "|D|" : "D"}${s.gain > 1 ? `, shown ×${s.gain}` : ""}`;
      this.captions.attention.textContent = s.norm === "learnable" ? "f(D)" : "|f(D)|";
      this.captions.prompt.textContent = s.product === "pixels" ? "× pixels" : "× normalised frame";
    }

    showClock(s, clip, index) {
      if (!clip?.frames.length) return;
      const last = (clip.live ? clip.frames.length : clip.expected || clip.frames.length) - 1;
      Object.assign(this.scrub, {min: Math.min(s.spacing, last), max: last});
      this.scrub.value = index;
      this.scrub.style.setProperty("--at", `${(100 * (index - s.spacing)) / Math.max(1, last - s.spacing)}%`);
      const seconds = `${(clip.times[index] ?? 0).toFixed(2)} s`;
      this.clock.textContent = clip.live ? "live" : `${index + 1} / ${last + 1} · ${seconds}`;
      this.scrub.setAttribute("aria-valuetext", `frame ${index + 1} of ${last + 1}, ${seconds}`);
    }

    showPlaying(playing) {
      this.playButton.replaceChildren(icon(playing ? "pause" : "play"));
      this.playButton.setAttribute("aria-label", playing ? "Pause" : "Play");
      this.playButton.title = playing ? "Pause" : "Play";
    }

    showLive(live) {
      this.webcamButton.textContent = live ? "Stop the webcam" : "Webcam";
      this.root.classList.toggle("vmp-live", live);
      for (const control of [this.playButton, this.scrub, this.speed, ...this.root.querySelectorAll(".vmp-back, .vmp-on")]) {
        control.disabled = live;
      }
    }

    showProgress(done, all) {
      const finished = !all || done >= all;
      this.bar.classList.toggle("vmp-done", finished);
      this.bar.firstChild.style.width = finished ? "100%" : `${(100 * done) / all}%`;
      this.bar.setAttribute("aria-valuemax", all || 1);
      this.bar.setAttribute("aria-valuenow", finished ? all || 1 : done);
    }

    showMessage(text) {
      this.message.textContent = text ?? "";
      this.message.hidden = !text;
    }

    showMeasures(s, measures) {
      const still = attentionOf(0, s);
      this.plot.showBars(measures);
      this.outputs.still.textContent = still.toFixed(4);
      this.outputs.mean.textContent = measures.mean.toFixed(4);
      this.outputs.distance.textContent = `${measures.distance.toFixed(2)} of 255`;
      this.sentence.textContent = sentenceFor(still, s.product);
    }

    showVariation(value, pending, why = "") {
      const output = this.outputs.variation;
      output.classList.toggle("vmp-pending", pending);
      output.setAttribute("aria-busy", String(pending));
      if (pending) output.title = "being computed";
      else {
        output.textContent = value === null ? why || "needs three frames" : value === 0 ? "0" : exponential(value);
        output.title = "";
      }
    }

    showProbe(at, d, f) {
      for (const cross of this.crosses) {
        cross.hidden = !at;
        if (!at) continue;
        cross.style.left = `${(100 * (at[0] + 0.5)) / this.canvases.frame.width}%`;
        cross.style.top = `${(100 * (at[1] + 0.5)) / this.canvases.frame.height}%`;
      }
      this.plot.showProbe(at ? d : null, f);
      this.probeText.textContent = at ? `At (${at[0]}, ${at[1]}): D = ${signed(d, 4)}, attention ${f.toFixed(3)}` : "";
    }

    say(text) { this.live.textContent = text; }
  }

  function exponential(value) {
    if (value >= 0.001) return value.toPrecision(3);
    const power = Math.floor(Math.log10(value));
    const digits = [...String(-power)].map((digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]).join("");
    return `${(value / 10 ** power).toFixed(2)} · 10⁻${digits}`;
  }

  function sentenceFor(still, product) {
    const share = still > 0.9995 ? "over 99.9 %" : still < 0.0005 ? "none" : `${(100 * still).toFixed(1)} %`;
    const what = product === "pixels" ? "of its brightness" : "of its contrast with mid-grey";
    const verdict = still >= 0.95 ? "nearly the identity on what does not move"
      : still >= 0.6 ? "still parts are dimmed a little"
        : still >= 0.4 ? "still parts are dimmed by about half"
          : still >= 0.05 ? "still parts mostly fade" : "still parts vanish";
    return `A still pixel keeps ${share} ${what}: ${verdict}.`;
  }

  // --- The explorer: state, time and clips -------------------------------------------------------------------------

  const all = new Set();
  const redrawAll = () => all.forEach((explorer) => explorer.schedule());
  const SYNCED = ["clip", "slope", "shift", "frame", "norm", "parameter", "difference", "product", "spacing"];
  const CHOICES = {difference: ["signed", "absolute"], product: ["normalised", "pixels"]};
  const SPEEDS = [1, 0.5, 0.25];

  class Explorer {
    /* `link` is what lies outside the page: {request(name) -> Promise of {bytes, type}, changed(changes)}; or null. */
    constructor(root, options = {}, link = null) {
      Object.assign(this, {root, link, clip: null, key: null, playing: false, speed: 1, visible: true, busy: 0});
      this.forced = options.renderer ?? null;
      this.embedded = options.embedded ?? null;
      this.ownTitle = options.ownTitle ?? null;
      this.painter = new Painter();
      this.state = {...START};
      this.view = new View(this, root);
      this.ready = new Promise((resolve) => { this.settleReady = resolve; });
      root.vmpExplorer = this;
      all.add(this);
      this.makeListeners();
      const {clip, ...values} = options.values ?? {};
      this.set(values, "start");
      this.choose(clip ?? START.clip, "start");
    }

    makeListeners() {
      this.onHidden = () => { if (document.hidden) this.stop(); };
      document.addEventListener("visibilitychange", this.onHidden);
      this.sight = new IntersectionObserver((entries) => this.see(entries.at(-1).isIntersecting), {rootMargin: "400px"});
      this.sight.observe(this.root);
      const {panes} = this.view;
      const carries = (drag) => [...(drag.dataTransfer?.items ?? [])].some((item) => item.kind === "file");
      panes.addEventListener("dragover", (drag) => {
        if (!carries(drag)) return;
        drag.preventDefault();
        panes.classList.add("vmp-drop");
      });
      panes.addEventListener("dragleave", () => panes.classList.remove("vmp-drop"));
      panes.addEventListener("drop", (drag) => {
        panes.classList.remove("vmp-drop");
        const file = drag.dataTransfer?.files[0];
        if (!file) return;
        drag.preventDefault();
        this.open(file);
      });
    }

    see(visible) {
      this.visible = visible;
      if (visible) this.schedule();
      else this.stop();
      clearTimeout(Explorer.idle);
      if (![...all].some((explorer) => explorer.visible)) Explorer.idle = setTimeout(() => Gpu.release(), 3000);
    }

    destroy() {
      this.stop();
      this.stopWebcam();
      this.leaveClip();
      this.sight.disconnect();
      document.removeEventListener("visibilitychange", this.onHidden);
      all.delete(this);
    }

    // --- state ---

    /* Change settings. `source`: "page" (a reader did it), "kernel", "play" or "start". */
    set(changes, source = "page") {
      const before = {...this.state}, next = {...before};
      for (const [name, value] of Object.entries(changes)) {
        if (name in before && name !== "clip") next[name] = this.allowed(name, value, before[name]);
      }
      if (!(next.norm in NORMS)) next.norm = before.norm;
      const {min, max, start} = NORMS[next.norm];
      if (!(next.parameter >= min && next.parameter <= max)) next.parameter = start;
      this.state = next;
      this.keepInClip();
      const changed = Object.keys(next).filter((name) => this.state[name] !== before[name]);
      if (!changed.length && source !== "start") return;
      if (changed.some((name) => name !== "frame" && name !== "gain")) this.askVariation();
      if (source === "page" && changed.some((name) => name !== "frame")) this.announce();
      if (changed.some((name) => name !== "frame") || source === "start") this.view.showState(this.state, this.clip);
      if (source !== "kernel" && source !== "start") this.tell(changed);
      this.schedule();
    }

    allowed(name, value, before) {
      if (name in CHOICES) return CHOICES[name].includes(value) ? value : before;
      if (name === "norm") return value;
      const number = Number(value ?? NaN);
      if (Number.isNaN(number)) return before;
      return name in RANGES ? clamp(number, ...RANGES[name]) : number;
    }

    /* The spacing and the frame that this clip has; while it is being read, what is asked for waits. */
    keepInClip() {
      const {clip, state} = this;
      state.spacing = Math.max(1, Math.round(state.spacing));
      if (clip?.complete || clip?.live) state.spacing = Math.min(state.spacing, clip.longestSpacing);
      if (clip?.complete) state.frame = Math.max(Math.min(state.frame, clip.frames.length - 1), state.spacing);
      state.frame = Number.isFinite(state.frame) ? Math.max(0, Math.round(state.frame)) : START.frame;
    }

    tell(names) {
      if (!this.link) return;
      this.untold = new Set([...(this.untold ?? []), ...names.filter((name) => SYNCED.includes(name))]);
      if (!this.untold.size || this.telling) return;
      this.telling = setTimeout(() => {
        this.telling = null;
        this.link.changed(Object.fromEntries([...this.untold].map((name) => [name, this.state[name]])));
        this.untold.clear();
      }, this.playing ? 250 : 60);
    }

    announce() {
      clearTimeout(this.announcing);
      this.announcing = setTimeout(() => {
        const s = this.state, {title, symbol} = NORMS[s.norm];
        const what = s.norm === "learnable" ? `Slope ${short(s.slope)}, shift ${short(s.shift)}` : `${title}, ${symbol} ${short(s.parameter)}`;
        const mean = this.measures ? ` Mean attention ${this.measures.mean.toFixed(2)}.` : "";
        this.view.say(`${what}. ${sentenceFor(attentionOf(0, s), s.product)}${mean}`);
      }, 900);
    }

    // --- time ---

    toggle() { this.playing ? this.stop() : this.play(); }
    play() {
      if (this.playing || !this.clip || this.clip.live || this.clip.frames.length < 2) return;
      if (this.state.frame >= this.clip.frames.length - 1) this.set({frame: this.state.spacing}, "play");
      this.playing = true;
      this.clockStart = null;
      this.view.showPlaying(true);
      this.schedule();
    }
    stop() {
      if (!this.playing) return;
      this.playing = false;
      this.view.showPlaying(false);
      this.tell(["frame"]);
      this.schedule();
    }
    step(by) {
      this.stop();
      if (!this.clip || this.clip.live) return;
      const {spacing} = this.state, length = this.clip.frames.length - spacing;
      if (length < 1) return;
      this.set({frame: spacing + ((this.state.frame - spacing + by + length) % length)});
    }
    cycleSpeed() {
      this.speed = SPEEDS[(SPEEDS.indexOf(this.speed) + 1) % SPEEDS.length];
      this.clockStart = null;
      const name = {1: "1×", 0.5: "½×", 0.25: "¼×"}[this.speed];
      this.view.speed.textContent = name;
      this.view.speed.setAttribute("aria-label", `Speed of play: ${this.speed}`);
    }

    advance(now) {
      const {clip, state} = this;
      if (this.clockStart === null) Object.assign(this, {clockStart: now, frameStart: state.frame});
      const ran = Math.floor(((now - this.clockStart) / 1000) * clip.rate * this.speed + 1e-6);
      const length = clip.frames.length - state.spacing;
      if (length > 0) this.set({frame: state.spacing + ((this.frameStart - state.spacing + ran) % length)}, "play");
    }

    // --- drawing ---

    schedule() {
      if (this.scheduled) return;
      this.scheduled = true;
      requestAnimationFrame((now) => {
        this.scheduled = false;
        if (!all.has(this)) return;
        if (this.playing) this.advance(now);
        if (this.visible || !this.drawn) this.draw();
        if (this.playing) this.schedule();
      });
    }

    /* The pair of frames to show: the one asked for, or the last that has been read. */
    job() {
      const {clip, state} = this;
      if (!clip?.frames.length || (clip.frames.length < 2 && !clip.complete)) return null;
      const last = clip.frames.length - 1, index = clip.live ? last : Math.min(state.frame, last);
      const past = clip.frames[Math.max(0, index - state.spacing)];
      return {past, now: clip.frames[index], index, width: clip.width, height: clip.height, settings: state};
    }

    draw() {
      const job = this.job();
      if (!job) return;
      const {view} = this;
      view.resize(job.width, job.height);
      const gpu = this.forced === "canvas" ? null : Gpu.get();
      let drawn = false;
      try { drawn = gpu?.draw(job, view.contexts) ?? false; } catch { Gpu.fail(); }
      if (!drawn) this.painter.draw(job, view.contexts);
      this.renderer = drawn ? "webgl" : "canvas";
      this.root.dataset.renderer = this.renderer;
      view.showClock(this.state, this.clip, job.index);
      this.drawn = (this.drawn ?? 0) + 1;
      // While pictures run, numbers that change thirty times a second could not be read anyway.
      if (!(this.playing || this.clip.live) || this.drawn % 4 === 0) this.showNumbers(job);
      if (this.clip.complete) this.settleReady(this);
    }

    showNumbers(job) {
      this.measures = this.painter.measures(job);
      this.view.showMeasures(this.state, this.measures);
      if (this.probed) this.probe(this.probed);
    }

    probe(at) {
      const job = this.job();
      this.probed = at && job && at[0] < job.width && at[1] < job.height ? at : null;
      if (!this.probed) { this.view.showProbe(null); return; }
      const d = this.painter.differences(job)[at[1] * job.width + at[0]];
      this.view.showProbe(at, d / 255000, this.painter.at(d, this.state));
    }

    // --- variation ---

    askVariation() {
      clearTimeout(this.asking);
      this.variation = undefined;
      this.question = (this.question ?? 0) + 1;
      this.view.showVariation(null, true);
      if (this.clip?.live) { this.view.showVariation(null, false, "after stopping"); return; }
      if (!this.clip?.complete) return;
      const {clip, question} = this;
      this.asking = setTimeout(async () => {
        clip.variation ??= new Variation(clip);
        const {norm, slope, shift, parameter, difference, spacing} = this.state;
        const value = await clip.variation.ask({norm, slope, shift, parameter, difference, spacing});
        if (question !== this.question) return;
        if (value === undefined) { this.askVariation(); return; } // another explorer of this clip asked in between
        this.variation = value;
        this.view.showVariation(value, false);
        this.root.dispatchEvent(new CustomEvent("vmp-variation", {detail: value}));
      }, 180);
    }

    // --- clips ---

    leaveClip() {
      this.clip?.listeners?.delete(this.onProgress);
      if (this.key) shelf.leave(this.key);
      this.key = null;
    }

    choose(name, source = "page") {
      if (name in EXAMPLES) {
        const load = () => (this.link ? this.link.request(name).then(blobOf) : loadExample(name));
        return this.take(`example ${name}`, name, EXAMPLES[name], load, source);
      }
      if (name === "own" && (this.embedded || this.link)) {
        const load = () => (this.embedded ? Promise.resolve(this.embedded).then(blobOf) : this.link.request("own").then(blobOf));
        return this.take(`own ${this.view.id}`, "own", this.ownTitle ?? "Clip", load, source);
      }
      if (name === "webcam" && source === "kernel") return this.startWebcam();
      if (name !== "file" && name !== "webcam") this.view.showMessage(`There is no clip named ${name} in this page.`);
      return undefined;
    }

    open(file) {
      Explorer.files = (Explorer.files ?? 0) + 1;
      return this.take(`file ${Explorer.files}`, "file", file.name, () => Promise.resolve(file), "page");
    }

    take(key, name, title, load, source) {
      if (key === this.key) return void this.view.showMessage(null);
      this.stop();
      this.stopWebcam(false);
      this.leaveClip();
      this.key = key;
      this.taken = [key, name, title, load];
      const entry = shelf.take(key, () => {
        const clip = Object.assign(new Clip(name, title), {wanted: true, listeners: new Set()});
        const progress = () => clip.listeners.forEach((listener) => listener());
        return {clip, done: load().then((blob) => decode(clip, blob, progress)).then(() => { clip.complete = clip.wanted; })};
      });
      this.begin(entry.clip, name, source);
      const {clip} = entry;
      this.onProgress = () => this.read(clip);
      clip.listeners.add(this.onProgress);
      entry.done.then(() => this.finish(clip), (problem) => this.refuse(clip, problem));
    }

    begin(clip, name, source) {
      this.clip = clip;
      this.measures = null;
      this.state.clip = name;
      this.probe(null);
      this.view.showMessage(null);
      this.view.showProgress(0, 1);
      this.view.showState(this.state, clip);
      this.view.showLive(clip.live);
      this.askVariation();
      if (source !== "kernel" && source !== "start") this.tell(["clip"]);
      this.schedule();
    }

    read(clip) {
      if (clip !== this.clip) return;
      const done = clip.frames.length;
      this.view.showProgress(done, clip.expected);
      // The first picture at once, then the one asked for: what lies between would only delay it.
      if (done === 2 || done === this.state.frame + 1 || done === clip.expected) this.schedule();
    }

    finish(clip) {
      if (clip !== this.clip || !clip.complete) return;
      this.shown = this.taken;
      const {frame, spacing} = this.state;
      this.keepInClip();
      if (frame !== this.state.frame || spacing !== this.state.spacing) this.tell(["frame", "spacing"]);
      this.view.showProgress(1, 1);
      this.view.showState(this.state, clip);
      if (clip.cut) this.view.say(`Read the first ${clip.frames.length} frames of ${clip.title}.`);
      this.askVariation();
      this.schedule();
    }

    refuse(clip, problem) {
      if (clip !== this.clip) return;
      this.view.showProgress(1, 1);
      this.view.showVariation(null, false, "no clip");
      const reason = problem?.message || `error ${problem?.code ?? ""}`;
      this.leaveClip();
      // A file without a picture must not leave the pictures of the clip before it standing, which no control moves.
      if (clip.name === "file" && clip.frames.length < 2 && this.shown) this.take(...this.shown, "page");
      this.view.showMessage(clip.name === "file"
        ? `This browser cannot play “${clip.title}” (${reason}). MP4 with H.264 and WebM are played by nearly every browser.`
        : `The clip could not be shown: ${reason}.`);
    }

    // --- webcam ---

    async startWebcam() {
      const refuse = (words) => this.view.showMessage(words);
      this.view.showMessage(null);
      if (!navigator.mediaDevices?.getUserMedia) {
        return refuse("The webcam needs a page from https or localhost, and this page is neither. A video file works here.");
      }
      let stream;
      try {
        stream = await navigator.mediaDevices.getUserMedia({video: {width: {ideal: 480}, frameRate: {ideal: 30}}, audio: false});
      } catch (problem) {
        const why = {NotAllowedError: "this page was not allowed to use it", NotFoundError: "there is none",
          NotReadableError: "another program uses it"}[problem.name] ?? problem.message;
        return refuse(`The webcam does not answer: ${why}.`);
      }
      const video = Object.assign(document.createElement("video"), {muted: true, playsInline: true, srcObject: stream});
      await video.play();
      this.stop();
      this.leaveClip();
      const clip = Object.assign(new Clip("webcam", "Webcam"), {live: true, wanted: true, listeners: new Set()});
      const grabber = sized(clip, new Grabber(video.videoWidth, video.videoHeight));
      this.camera = {stream, video, clip};
      this.begin(clip, "webcam", "page");
      this.view.showProgress(1, 1);
      this.film(grabber, performance.now());
    }

    film(grabber, start) {
      const {camera} = this;
      if (!camera) return;
      const {video, clip} = camera;
      clip.add(grabber.grab(video), (performance.now() - start) / 1000);
      this.schedule();
      const next = () => this.film(grabber, start);
      if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(next);
      else setTimeout(next, 33);
    }

    /* Stop the camera; its last seconds stay as a clip. */
    stopWebcam(keep = true) {
      const {camera} = this;
      if (!camera) return;
      this.camera = null;
      camera.stream.getTracks().forEach((track) => track.stop());
      const {clip} = camera, first = clip.times[0];
      clip.times = clip.times.map((time) => time - first);
      Object.assign(clip, {live: false, complete: true, expected: clip.frames.length});
      this.view.showLive(false);
      if (!keep) return;
      this.set({frame: clip.frames.length - 1}, "play");
      this.finish(clip);
    }

    // --- for tests, benchmarks and the curious ---

    /* The pair as the page holds it, the attention as numbers, and the four panes as they are shown. */
    readback() {
      this.draw();
      const job = this.job(), {width, height} = job;
      const gpu = this.renderer === "webgl" ? Gpu.get() : null;
      const shown = (name) => this.view.contexts[name].getImageData(0, 0, width, height).data;
      return {
        width, height, index: job.index, renderer: this.renderer, past: job.past.data, now: job.now.data,
        attention: gpu ? gpu.numbers(job) : this.painter.numbers(job),
        panes: Object.fromEntries(PANES.map((name) => [name, shown(name)])),
      };
    }

    /* Play `count` frames as fast as the browser paints: work in the page and time between paints, in ms. */
    async measure(count = 120) {
      await this.ready;
      this.stop();
      const paint = () => new Promise((resolve) => requestAnimationFrame(resolve));
      const work = [], intervals = [], {spacing} = this.state, length = this.clip.frames.length - spacing;
      let last = await paint();
      this.playing = true;
      for (let i = 0; i < count; i++) {
        const start = performance.now();
        this.state.frame = spacing + (i % length);
        this.draw();
        work.push(performance.now() - start);
        const now = await paint();
        intervals.push(now - last);
        last = now;
      }
      this.playing = false;
      this.schedule();
      const at = (values, share) => [...values].sort((x, y) => x - y)[Math.floor(share * (values.length - 1))];
      const spread = (values) => ({median: at(values, 0.5), p10: at(values, 0.1), p90: at(values, 0.9)});
      return {renderer: this.renderer, frames: count, width: this.clip.width, height: this.clip.height,
        work_ms: spread(work), interval_ms: spread(intervals),
        frames_per_second: (1000 * count) / intervals.reduce((sum, value) => sum + value, 0)};
    }
  }

  // --- Mounting: in a static page, and in Jupyter --------------------------------------------------------------------

  function optionsOf(root) {
    const {clip, slope, shift, frame, norm, normParameter, difference, product, spacing, gain, renderer, title} = root.dataset;
    const values = {clip, slope, shift, frame, norm, parameter: normParameter, difference, product, spacing, gain};
    for (const name of Object.keys(values)) if (values[name] === undefined) delete values[name];
    const data = root.querySelector("script.vmp-clip-data");
    const embedded = data && {base64: data.textContent.trim(), type: data.dataset.type};
    return {values, renderer, embedded, ownTitle: embedded ? title ?? "Clip" : null};
  }

  function mount(root) {
    return root.vmpExplorer ?? new Explorer(root, optionsOf(root));
  }

  const nearby = new IntersectionObserver((entries) => {
    for (const {isIntersecting, target} of entries) {
      if (!isIntersecting) continue;
      nearby.unobserve(target);
      mount(target);
    }
  }, {rootMargin: "600px"});

  function watch(within) {
    if (!within.querySelectorAll) return;
    const found = [...within.querySelectorAll(".vmp-explorer[data-clip]")];
    if (within.matches?.(".vmp-explorer[data-clip]")) found.push(within);
    for (const root of found) if (!root.vmpExplorer) nearby.observe(root);
  }

  function start() {
    watch(document);
    new MutationObserver((changes) => changes.forEach(({addedNodes}) => addedNodes.forEach(watch)))
      .observe(document.documentElement, {childList: true, subtree: true});
  }

  /* The kernel's side of an explorer in Jupyter: traits both ways, clips by message. */
  class KernelLink {
    constructor(model) {
      this.model = model;
      this.waiting = new Map();
      this.onMessage = (content, buffers) => {
        if (content?.kind !== "clip" || !this.waiting.has(content.name)) return;
        const {resolve, reject, timer} = this.waiting.get(content.name);
        this.waiting.delete(content.name);
        clearTimeout(timer);
        if (content.error) reject(new Error(content.error));
        else resolve({bytes: buffers[0], type: content.type});
      };
      model.on("msg:custom", this.onMessage);
    }
    request(name) {
      return new Promise((resolve, reject) => {
        const give = () => { this.waiting.delete(name); reject(new Error("the kernel does not answer; run the cell again")); };
        this.waiting.set(name, {resolve, reject, timer: setTimeout(give, 30000)});
        this.model.send({kind: "clip", name});
      });
    }
    changed(changes) {
      for (const [name, value] of Object.entries(changes)) {
        if (name === "parameter") this.model.set("norm_parameter", value || null);
        else this.model.set(name, value);
      }
      this.model.save_changes();
    }
    values() {
      const named = SYNCED.filter((name) => name !== "parameter").map((name) => [name, this.model.get(name)]);
      return Object.fromEntries([...named, ["parameter", this.model.get("norm_parameter") ?? 0]]);
    }
  }

  function render({model, el}) {
    const link = new KernelLink(model), root = make("div", {class: "vmp-explorer"});
    el.append(root);
    const explorer = new Explorer(root, {values: link.values(), ownTitle: model.get("title") || null}, link);
    const follow = (name) => () => {
      const value = link.values()[name];
      if (value === explorer.state[name]) return;
      if (name === "clip") explorer.choose(value, "kernel");
      else explorer.set({[name]: value}, "kernel");
      if (explorer.state[name] !== value) explorer.tell([name]); // it was out of this clip's reach
    };
    const handlers = SYNCED.map((name) => [`change:${name === "parameter" ? "norm_parameter" : name}`, follow(name)]);
    for (const [name, handler] of handlers) model.on(name, handler);
    return () => {
      for (const [name, handler] of handlers) model.off(name, handler);
      model.off("msg:custom", link.onMessage);
      explorer.destroy();
    };
  }

  globalThis.VMPExplorer = {version: VERSION, mount, render, all, Gpu, NORMS, RANGES};
  addEventListener("pagehide", () => all.forEach((explorer) => explorer.stopWebcam()));
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
