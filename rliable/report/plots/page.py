"""The report's page without its content: structure, look, and the script that draws and sorts."""

from __future__ import annotations

import string

BODY = string.Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>$style</style>
</head>
<body>
<header><h1>$title</h1><p class="note">$subtitle</p></header>
<main>
<section class="card two"><div><h2>Study</h2>$facts</div><div><h2>Search space</h2>$space</div></section>
$cards
<section class="card"><h2>All trials</h2><p class="note">A click on a heading sorts.</p>
<div class="wide">$trials</div></section>
</main>
<script>$plotly</script>
<script>$script</script>
</body>
</html>
""")
STYLE = """
:root { color-scheme: light; --ink: #222; --muted: #6b7280; --line: #e5e7eb; --best: #b4500f; --failed: #cc3311; }
* { box-sizing: border-box; }
body { margin: 0; background: #f6f7f9; color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
header, main { max-width: 1120px; margin: 0 auto; padding: 0 20px; }
header { padding-top: 32px; }
h1 { font-size: 26px; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 17px; margin: 0 0 6px; }
.note { color: var(--muted); margin: 2px 0 10px; }
.card { background: white; border: 1px solid var(--line); border-radius: 8px; padding: 20px 22px; margin: 18px 0; }
.two { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(420px, 100%), 1fr)); gap: 24px; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
.facts th { text-align: left; font-weight: normal; color: var(--muted); padding: 2px 20px 2px 0; vertical-align: top; }
.facts td { padding: 2px 0; overflow-wrap: anywhere; }
.wide { overflow: auto; max-height: 640px; }
#trials { width: 100%; font-size: 13.5px; }
#trials th { position: sticky; top: 0; background: white; text-align: left; padding: 6px 12px; cursor: pointer;
  white-space: nowrap; box-shadow: inset 0 -1px var(--line); }
#trials th:hover { color: #4477aa; }
#trials th[data-order="1"]::after { content: " \\25b4"; }
#trials th[data-order="-1"]::after { content: " \\25be"; }
#trials td { padding: 4px 12px; border-bottom: 1px solid #f0f1f3; white-space: nowrap; }
#trials td:last-child { white-space: normal; min-width: 220px; overflow-wrap: anywhere; }
#trials .n, #trials th.n { text-align: right; }
#trials .best { font-weight: 600; color: var(--best); }
#trials .failed { color: var(--failed); }
"""
SCRIPT = """
for (const place of document.querySelectorAll("[data-figure]")) {
  const figure = JSON.parse(document.getElementById("figure-" + place.dataset.figure).textContent);
  Plotly.newPlot(place, figure.data, figure.layout, figure.config);
}
const body = document.querySelector("#trials tbody");
const heads = [...document.querySelectorAll("#trials th")];
const key = (row, column) => {
  const cell = row.cells[column];
  return cell.dataset.v !== undefined ? Number(cell.dataset.v) : cell.textContent;
};
const compare = (a, b) => typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));
const isEmpty = (value) => value === "";
function sort(column) {
  const order = heads[column].dataset.order === "1" ? -1 : 1;
  heads.forEach((head) => delete head.dataset.order);
  heads[column].dataset.order = order;
  const rows = [...body.rows].map((row) => [key(row, column), row]);
  rows.sort(([a], [b]) => isEmpty(a) - isEmpty(b) || order * compare(a, b));
  body.append(...rows.map(([, row]) => row));
}
heads.forEach((head, column) => {
  if (body.rows[0]?.cells[column].classList.contains("n")) head.classList.add("n");
  head.addEventListener("click", () => sort(column));
  head.addEventListener("keydown", (event) => { if (event.key === "Enter") sort(column); });
});
"""
