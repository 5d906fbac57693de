// The pin of a plant: a click on the outlines, the browser's position or the two fields say where; all three agree.
const map = document.querySelector("[data-pin-map]");
const svg = map.querySelector("svg");
const pin = map.querySelector("[data-pin]");
const said = map.querySelector("[data-map-said]");
const latitude = document.querySelector("#id_latitude");
const longitude = document.querySelector("#id_longitude");
const region = document.querySelector("#id_region");
const boxes = JSON.parse(document.querySelector("#region-boxes").textContent);

const SCALE = 100 * Math.cos((42 * Math.PI) / 180);
const ITALY = [490, -4720, 890, 1180];
const PIN = 0.045; // of the width that one sees
const CLOSEST = 6; // hundredths of a degree

let box = svg.getAttribute("viewBox").split(" ").map(Number);

const read = (input) => Number(input.value.trim().replace("−", "-").replace(",", ".") || NaN);
const write = (degrees) => degrees.toFixed(5).replace(".", ",");

function show(next = box) {
  box = next;
  svg.setAttribute("viewBox", box.map((value) => value.toFixed(1)).join(" "));
  const [x, y] = [read(longitude) * SCALE, read(latitude) * -100];
  pin.toggleAttribute("hidden", !(Number.isFinite(x) && Number.isFinite(y)));
  pin.setAttribute("transform", `translate(${x || 0} ${y || 0}) scale(${(box[2] * PIN).toFixed(3)})`);
}

function around(x, y, width) {
  const height = (width * box[3]) / box[2];
  return [x - width / 2, y - height / 2, width, height];
}

function centre() {
  return pin.hasAttribute("hidden")
    ? [box[0] + box[2] / 2, box[1] + box[3] / 2]
    : [read(longitude) * SCALE, read(latitude) * -100];
}

function put(lat, lon) {
  latitude.value = write(lat);
  longitude.value = write(lon);
  said.textContent = said.dataset.set;
}

svg.addEventListener("click", (event) => {
  const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
  put(at.y / -100, at.x / SCALE);
  show();
});

const actions = {
  in: () => show(around(...centre(), Math.max(CLOSEST, box[2] / 2))),
  out: () => show(box[2] * 2 >= ITALY[2] ? ITALY : around(...centre(), box[2] * 2)),
  clear: () => {
    latitude.value = longitude.value = "";
    show();
  },
  here: () =>
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        put(coords.latitude, coords.longitude);
        show(around(coords.longitude * SCALE, coords.latitude * -100, 120));
      },
      () => {
        said.textContent = said.dataset.denied;
      },
      { enableHighAccuracy: true, timeout: 10_000 },
    ),
};
for (const button of map.querySelectorAll("[data-map]")) {
  button.addEventListener("click", () => actions[button.dataset.map]());
}
for (const input of [latitude, longitude]) input.addEventListener("input", () => show());
region.addEventListener("change", () => {
  if (!boxes[region.value] || !pin.hasAttribute("hidden")) return;
  const [x, y, width, height] = boxes[region.value];
  show([x - width * 0.08, y - height * 0.08, width * 1.16, height * 1.16]);
});

map.querySelector("[data-map-tools]").hidden = false;
map.dataset.ready = "";
show();
