// A small chart of each fingertip's height: the line of the last seconds, filled while the finger touches.

const FINGERS = ["thumb", "index", "middle", "ring", "little"];
const HANDS = ["left", "right"];
const WINDOW_US = 6_000_000;
const MAX_MM = 40;
// Images that are farther apart than this were not read: no line joins them.
const MAX_GAP_US = 200_000;

export class HeightCharts {
  constructor(container) {
    this.lanes = new Map();
    for (const hand of HANDS) {
      const column = make("div", "", "hand");
      column.append(make("h3", `${hand} hand`));
      for (const finger of FINGERS) {
        const lane = new Lane(finger);
        this.lanes.set(`${hand}_${finger}`, lane);
        column.append(lane.row);
      }
      container.append(column);
    }
    this.lastUs = 0;
  }

  add(stampUs, fingertips) {
    if (stampUs < this.lastUs) {
      for (const lane of this.lanes.values()) lane.samples = []; // A recording that began again.
    }
    if (stampUs === this.lastUs) return;
    this.lastUs = stampUs;
    const seen = new Map(fingertips.map((tip) => [tip.finger, tip]));
    for (const [finger, lane] of this.lanes) lane.add(stampUs, seen.get(finger));
  }

  clear() {
    for (const lane of this.lanes.values()) lane.show(undefined);
  }

  draw() {
    const style = getComputedStyle(document.documentElement);
    const colors = Object.fromEntries(["accent", "touch", "line"].map((name) => [name, style.getPropertyValue(`--${name}`)]));
    for (const lane of this.lanes.values()) lane.draw(this.lastUs, colors);
  }
}

class Lane {
  constructor(finger) {
    this.samples = [];
    this.canvas = make("canvas");
    this.canvas.setAttribute("aria-hidden", "true");
    this.value = make("span", "–", "value");
    this.row = make("div", "", "lane");
    this.row.append(make("span", finger, "name"), this.canvas, this.value);
  }

  add(stampUs, tip) {
    this.show(tip);
    if (tip !== undefined && tip.height_mm !== null) {
      this.samples.push({ us: stampUs, mm: tip.height_mm, touches: tip.state === "contact" });
    }
    while (this.samples.length > 0 && this.samples[0].us < stampUs - WINDOW_US) this.samples.shift();
  }

  show(tip) {
    const isKnown = tip !== undefined && tip.height_mm !== null;
    this.value.textContent = isKnown ? `${Math.round(tip.height_mm) || 0} mm` : "–";
    this.row.classList.toggle("contact", isKnown && tip.state === "contact");
  }

  draw(nowUs, colors) {
    const scale = window.devicePixelRatio || 1;
    const width = this.canvas.clientWidth;
    const height = this.canvas.clientHeight;
    if (this.canvas.width !== Math.round(width * scale) || this.canvas.height !== Math.round(height * scale)) {
      this.canvas.width = Math.round(width * scale);
      this.canvas.height = Math.round(height * scale);
    }
    const context = this.canvas.getContext("2d");
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    const toX = (us) => width - ((nowUs - us) / WINDOW_US) * width;
    const toY = (mm) => height - 3 - (Math.min(Math.max(mm, 0), MAX_MM) / MAX_MM) * (height - 6);
    context.fillStyle = colors.line;
    context.fillRect(0, height - 2, width, 1);
    context.lineWidth = 1.6;
    context.lineJoin = "round";
    for (let index = 1; index < this.samples.length; index += 1) {
      const before = this.samples[index - 1];
      const now = this.samples[index];
      if (now.us - before.us > MAX_GAP_US) continue;
      if (now.touches) {
        context.globalAlpha = 0.22;
        context.fillStyle = colors.touch;
        context.fillRect(toX(before.us), 0, toX(now.us) - toX(before.us) + 0.5, height);
        context.globalAlpha = 1;
      }
      context.strokeStyle = now.touches ? colors.touch : colors.accent;
      context.beginPath();
      context.moveTo(toX(before.us), toY(before.mm));
      context.lineTo(toX(now.us), toY(now.mm));
      context.stroke();
    }
  }
}

export function make(tag, text = "", className = "") {
  const element = document.createElement(tag);
  element.textContent = text;
  if (className) element.className = className;
  return element;
}
