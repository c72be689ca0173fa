// Follows the websocket, and shows what is newest once in each frame of the screen. docs/web.md describes the messages.

import { HeightCharts, make } from "./charts.js";

const SVG = "http://www.w3.org/2000/svg";
const MIN_RETRY_MS = 500;
const MAX_RETRY_MS = 5000;
const SPEED_WINDOW_MS = 30_000;
// Millimetres around the keys.
const MARGIN_MM = 3;
const THEMES = ["auto", "light", "dark"];
const SHORT_LABELS = { backspace: "⌫", "shift left": "⇧", "shift right": "⇧", enter: "⏎", "caps lock": "⇪", tab: "⇥" };

const element = (id) => document.getElementById(id);
const charts = new HeightCharts(element("heights"));
const keys = new Map();
const presses = [];
let socket;
let retryMs = MIN_RETRY_MS;
let state;
let isDrawn = true;

function connect() {
  socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`);
  socket.binaryType = "blob";
  socket.addEventListener("open", () => {
    retryMs = MIN_RETRY_MS;
    requestImages();
  });
  socket.addEventListener("message", (message) => {
    if (message.data instanceof Blob) showImage(message.data);
    else take(JSON.parse(message.data));
  });
  socket.addEventListener("close", () => {
    if (isSetupOver()) setStatus("ok", "setup has ended");
    else setStatus("error", "not connected to web_node");
    // What was down may be up by now.
    for (const group of keys.values()) group.classList.remove("down");
    charts.clear();
    setTimeout(connect, retryMs);
    retryMs = Math.min(2 * retryMs, MAX_RETRY_MS);
  });
}

function requestImages() {
  if (socket.readyState !== WebSocket.OPEN) return;
  const isWanted = element("watch").checked && !document.hidden;
  socket.send(JSON.stringify({ overlay: isWanted }));
  if (!element("watch").checked) hideImage("Images are switched off");
}

function take(message) {
  if (message.type === "hello") {
    drawKeyboard(message.layout);
    return;
  }
  if (message.type !== "state") return;
  state = message;
  for (const event of message.events) {
    if (event.topic === "key_events" && event.type === "press") presses.push(performance.now());
  }
  if (message.stamp_us !== null && message.fingertips.length > 0) charts.add(message.stamp_us, message.fingertips);
  if (isDrawn) {
    isDrawn = false;
    requestAnimationFrame(draw);
  }
}

function draw() {
  isDrawn = true;
  showStatus();
  element("rate").textContent = state.rate_hz > 0 ? state.rate_hz.toFixed(0) : "–";
  element("latency").textContent = state.latency_ms === null ? "–" : `${state.latency_ms.toFixed(0)} ms`;
  element("speed").textContent = state.is_live ? countKeysPerMinute() : "–";
  showText(state.text);
  element("suggestions").textContent = (state.suggestions ?? []).join(" · ");
  element("overlay").classList.toggle("old", state.rate_hz === 0);
  const down = new Set(state.down.map((press) => press.key));
  for (const [name, group] of keys) group.classList.toggle("down", down.has(name));
  if (state.fingertips.length === 0) charts.clear();
  charts.draw();
  showList("advice", state.advice.map(makeAdvice), state.is_live ? "Nothing to improve." : "No node reports yet.");
  showSteps(state.steps ?? []);
  showList("nodes", state.nodes.map((node) => makeNode(node, state.advice)), "None is heard.");
}

function showStatus() {
  if (!state.is_live) setStatus("waiting", "waiting for a node");
  else if (state.rate_hz === 0) setStatus("waiting", "no images are read");
  else setStatus("ok", "live");
}

function setStatus(level, text) {
  const status = element("status");
  status.dataset.level = level;
  if (status.textContent !== text) status.textContent = text;
}

function countKeysPerMinute() {
  const firstMs = performance.now() - SPEED_WINDOW_MS;
  while (presses.length > 0 && presses[0] < firstMs) presses.shift();
  return String(Math.round((presses.length * 60_000) / SPEED_WINDOW_MS));
}

function showText(text) {
  const output = element("text");
  if (output.textContent === text) return;
  output.textContent = text;
  output.scrollTop = output.scrollHeight;
}

function showList(id, items, whenEmpty) {
  const list = element(id);
  const content = items.length > 0 ? items : [make("li", whenEmpty, "message")];
  const text = content.map((item) => item.outerHTML).join("");
  if (list.dataset.content === text) return;
  list.dataset.content = text;
  list.replaceChildren(...content);
}

function makeAdvice(advice) {
  const item = make("li");
  item.dataset.level = "warning";
  item.append(make("span", advice.text || advice.code));
  if (advice.remedy) item.append(make("span", ` → ${advice.remedy}`, "remedy"));
  return item;
}

function makeNode(node, advice) {
  const item = make("li");
  item.dataset.level = node.level;
  const hasAdvice = advice.some((entry) => entry.node === node.name);
  const name = node.name.replace(/^fingertip_contact\//, "");
  item.append(make("span", node.level, "level"), make("span", name, "name"), make("span", hasAdvice ? "gives the advice above" : node.message, "message"));
  return item;
}

function showSteps(steps) {
  element("setup").hidden = steps.length === 0;
  if (steps.length === 0) return;
  const active = steps.find((step) => step.state === "active");
  const instruction = active ? active.instruction : "All steps are over: the terminal says how to start.";
  if (element("instruction").textContent !== instruction) element("instruction").textContent = instruction;
  showList("steps", steps.map(makeStep), "");
}

function isSetupOver() {
  const steps = state?.steps ?? [];
  return steps.length > 0 && !steps.some((step) => step.state === "active");
}

function makeStep(step) {
  const item = make("li");
  item.dataset.state = step.state;
  item.append(make("span", step.state, "level"), make("span", step.name, "name"));
  if (step.text || step.remedy) item.append(make("span", [step.text, step.remedy].filter(Boolean).join(" → "), "message"));
  return item;
}

function showImage(blob) {
  if (!element("watch").checked) return;
  const image = element("overlay");
  const address = URL.createObjectURL(blob);
  image.onload = image.onerror = () => URL.revokeObjectURL(address);
  image.src = address;
  image.hidden = false;
  element("no-picture").hidden = true;
}

function hideImage(reason) {
  element("overlay").hidden = true;
  element("no-picture").textContent = reason;
  element("no-picture").hidden = false;
}

function drawKeyboard(layout) {
  const drawing = element("keyboard");
  drawing.replaceChildren();
  keys.clear();
  element("layout-name").textContent = layout.name;
  const edges = layout.keys.map(({ center_mm: [x, y], size_mm: [width, height] }) => ({
    left: x - width / 2, right: x + width / 2, top: -y - height / 2, bottom: -y + height / 2,
  }));
  const left = Math.min(...edges.map((edge) => edge.left)) - MARGIN_MM;
  const top = Math.min(...edges.map((edge) => edge.top)) - MARGIN_MM;
  const width = Math.max(...edges.map((edge) => edge.right)) + MARGIN_MM - left;
  const height = Math.max(...edges.map((edge) => edge.bottom)) + MARGIN_MM - top;
  drawing.setAttribute("viewBox", `${left} ${top} ${width} ${height}`);
  // Raised keys, as a piano's black ones, lie over the others.
  const order = [...layout.keys].sort((one, other) => Number(one.raised) - Number(other.raised));
  for (const key of order) drawing.append(drawKey(key));
}

function drawKey(key) {
  const [x, y] = key.center_mm;
  const [width, height] = key.size_mm;
  const group = document.createElementNS(SVG, "g");
  group.classList.toggle("raised", key.raised);
  const shape = document.createElementNS(SVG, "rect");
  const gap = Math.min(0.6, width / 20);
  setAttributes(shape, { x: x - width / 2 + gap, y: -y - height / 2 + gap, width: width - 2 * gap, height: height - 2 * gap, rx: Math.min(3, width / 6) });
  const text = document.createElementNS(SVG, "text");
  text.textContent = SHORT_LABELS[key.label] ?? key.label;
  const fitting = (width * 1.35) / Math.max(text.textContent.length, 1);
  // Of long keys, as a piano's, the far end may lie under others.
  const labelY = height > 2 * width ? -y + 0.38 * height : -y;
  setAttributes(text, { x, y: labelY, "font-size": Math.min(0.42 * height, 7.5, fitting) });
  group.append(shape, text);
  keys.set(key.name, group);
  return group;
}

function setAttributes(target, attributes) {
  for (const [name, value] of Object.entries(attributes)) target.setAttribute(name, value);
}

function applyTheme(theme) {
  const prefersDark = window.matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = theme === "auto" ? (prefersDark ? "dark" : "light") : theme;
  element("theme").textContent = `Theme: ${theme}`;
}

function getTheme() {
  const stored = localStorage.getItem("theme");
  return THEMES.includes(stored) ? stored : "auto";
}

element("theme").addEventListener("click", () => {
  const next = THEMES[(THEMES.indexOf(getTheme()) + 1) % THEMES.length];
  localStorage.setItem("theme", next);
  applyTheme(next);
});
element("watch").addEventListener("change", requestImages);
document.addEventListener("visibilitychange", requestImages);
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => applyTheme(getTheme()));
applyTheme(getTheme());
connect();
