// Small charts of the last five minutes: SVG, drawn anew with each reading.

const WINDOW_MILLIS = 300_000;
const WIDTH = 300;
const HEIGHT = 84;
const SVG = "http://www.w3.org/2000/svg";

function shape(kind, name, parent) {
  const made = document.createElementNS(SVG, kind);
  made.setAttribute("class", name);
  parent.append(made);
  return made;
}

/** The least of 1, 2, 5, 10, ... that is no less, of the unit in which the value is written. */
function roundedUp(value, base) {
  const written = base === 1024 ? 1024 ** Math.max(0, Math.floor(Math.log2(value) / 10)) : 1;
  const unit = written * 10 ** Math.floor(Math.log10(value / written));
  return unit * [1, 2, 5, 10].find((step) => step * unit >= value);
}

export class Chart {
  #figure;
  #format;
  #svg = document.createElementNS(SVG, "svg");
  #points = [];
  #hovered = null;
  #top = 1;
  #now = 0;

  /** In a figure that has an output; format makes text of a value, base is that of its units, label the name of a second line, if there is one. */
  constructor(figure, format, base = 10, label = "") {
    this.#figure = figure;
    this.#format = format;
    this.base = base;
    this.label = label;
    this.output = figure.querySelector("output");
    this.aside = document.createElement("span");
    this.aside.className = "aside";
    this.#svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
    this.#svg.setAttribute("preserveAspectRatio", "none");
    this.#svg.setAttribute("role", "img");
    for (const y of [1, HEIGHT / 2, HEIGHT - 1]) {
      const line = shape("line", "grid", this.#svg);
      line.setAttribute("x1", 0);
      line.setAttribute("x2", WIDTH);
      line.setAttribute("y1", y);
      line.setAttribute("y2", y);
    }
    this.area = shape("path", "area", this.#svg);
    this.second = shape("path", "second", this.#svg);
    this.line = shape("path", "line", this.#svg);
    this.hair = shape("line", "hair", this.#svg);
    this.hair.setAttribute("visibility", "hidden");
    figure.append(this.aside, this.#svg);
    this.#svg.addEventListener("pointermove", (event) => this.#hover(event));
    this.#svg.addEventListener("pointerleave", () => {
      this.#hovered = null;
      this.#draw();
    });
  }

  /** Forgets what was; the server is another one. */
  clear() {
    this.#points = [];
    this.#draw();
  }

  /** One reading more; what is no number is left out, and time goes on. */
  add(atMillis, value, second = null) {
    this.#now = atMillis;
    if (Number.isFinite(value)) {
      this.#points.push({ at: atMillis, value, second: Number.isFinite(second) ? second : null });
    }
    while (this.#points.length && this.#points[0].at < atMillis - WINDOW_MILLIS) {
      this.#points.shift();
    }
    this.#draw();
  }

  #hover(event) {
    const box = this.#svg.getBoundingClientRect();
    if (this.#points.length) {
      const at = this.#now - WINDOW_MILLIS * (1 - (event.clientX - box.left) / box.width);
      this.#hovered = this.#points.reduce((a, b) => (Math.abs(a.at - at) <= Math.abs(b.at - at) ? a : b));
      this.#draw();
    }
  }

  #draw() {
    const last = this.#points.at(-1);
    if (!last) {
      this.output.textContent = "–";
      this.aside.textContent = "";
      for (const path of [this.area, this.line, this.second]) {
        path.removeAttribute("d");
      }
      this.#svg.setAttribute("aria-label", "no readings yet");
      return;
    }
    const highest = Math.max(...this.#points.map((p) => Math.max(p.value, p.second ?? 0)));
    this.#top = highest > 0 ? roundedUp(highest * 1.02, this.base) : 1;
    const x = (p) => (WIDTH * (1 - (this.#now - p.at) / WINDOW_MILLIS)).toFixed(1);
    const y = (value) => (HEIGHT - 1 - (HEIGHT - 2) * (value / this.#top)).toFixed(1);
    const path = (points, of) => points.map((p, i) => `${i ? "L" : "M"}${x(p)} ${y(of(p))}`).join("");
    const drawn = path(this.#points, (p) => p.value);
    this.line.setAttribute("d", drawn);
    this.area.setAttribute("d", `${drawn}L${x(last)} ${HEIGHT - 1}L${x(this.#points[0])} ${HEIGHT - 1}Z`);
    this.second.setAttribute("d", path(this.#points.filter((p) => p.second !== null), (p) => p.second));
    const shown = this.#points.includes(this.#hovered) ? this.#hovered : null;
    this.hair.setAttribute("visibility", shown ? "visible" : "hidden");
    if (shown) {
      for (const [name, value] of [["x1", x(shown)], ["x2", x(shown)], ["y1", 0], ["y2", HEIGHT]]) {
        this.hair.setAttribute(name, value);
      }
    }
    const told = shown ?? last;
    this.output.textContent = this.#format(told.value);
    this.aside.textContent = shown
      ? new Date(shown.at).toLocaleTimeString()
      : this.label && last.second !== null
        ? `${this.label} ${this.#format(last.second)}`
        : `scale to ${this.#format(this.#top)}`;
    const name = this.#figure.querySelector("figcaption").textContent;
    this.#svg.setAttribute("aria-label", `${name}: ${this.#format(last.value)} now, ${this.#format(highest)} at most in five minutes`);
  }
}
