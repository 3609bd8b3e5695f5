#include "style.h"

namespace vgg16::page {

// Light unless the reader's system is dark; paper is always light. Every pair of colours has a contrast of 4.5 to 1 or
// more. Names may be of any length and break anywhere; tables scroll within their boxes; pictures keep their shape.
const std::string_view kStyle = R"css(
:root {
  color-scheme: light;
  --paper: #ffffff; --panel: #f5f6f8; --ink: #1a1d23; --soft: #5a616d; --line: #dde1e7; --link: #1a56c4;
  --right: 22, 122, 74; --wrong: 190, 60, 20; --alert: #a8330f;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    color-scheme: dark;
    --paper: #14161a; --panel: #1d2026; --ink: #e9ebef; --soft: #a6aebb; --line: #353b45; --link: #8ab8ff;
    --right: 72, 190, 130; --wrong: 240, 120, 80; --alert: #ffab91;
  }
}
* { box-sizing: border-box; }
html { scroll-behavior: smooth; scroll-padding-top: 4rem; -webkit-text-size-adjust: 100%; }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", "Liberation Sans", sans-serif;
}
main { max-width: 68rem; margin: 0 auto; padding: 0 1.25rem 4rem; }
p, ul { margin: 0 0 1rem; max-width: 44rem; }
ul { padding-left: 1.2rem; }
h2, h3 { line-height: 1.25; }
h2 { font-size: 1.4rem; font-weight: 650; margin: 0 0 .75rem; letter-spacing: -.01em; }
h3 { font-size: 1.05rem; font-weight: 600; margin: 0 0 .75rem; overflow-wrap: anywhere; }
section { padding-top: 2.25rem; margin-top: 2.25rem; border-top: 1px solid var(--line); }
a { color: var(--link); text-underline-offset: .15em; overflow-wrap: anywhere; }
a:focus-visible, .scroll:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; border-radius: 2px; }
.skip { position: absolute; left: -100rem; padding: .5rem 1rem; background: var(--paper); z-index: 2; }
.skip:focus { left: .5rem; top: .5rem; }
.soft, figcaption, caption, .eyebrow { color: var(--soft); }
.alert { color: var(--alert); font-weight: 600; }
.path { overflow-wrap: anywhere; }

nav { position: sticky; top: 0; z-index: 1; background: var(--paper); border-bottom: 1px solid var(--line); }
nav ul {
  display: flex; gap: 1.4rem; max-width: 68rem; margin: 0 auto; padding: .7rem 1.25rem; list-style: none;
  overflow-x: auto; font-size: .9rem;
}
nav a { white-space: nowrap; text-decoration: none; color: var(--ink); }
nav a:hover { color: var(--link); text-decoration: underline; }

.hero { display: grid; gap: 1.5rem 4rem; padding-top: 3rem; align-items: end; }
@media (min-width: 52rem) { .hero { grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); } }
.eyebrow { margin: 0 0 .25rem; font-size: .9rem; overflow-wrap: anywhere; }
.headline { margin: 0 0 .75rem; font-size: 1.5rem; font-weight: 600; line-height: 1.1; letter-spacing: -.01em; }
.big { font-size: 4.25rem; font-weight: 700; letter-spacing: -.04em; margin-right: .1em; white-space: nowrap; }
.fails { background: var(--panel); border-radius: 10px; padding: 1.1rem 1.3rem .3rem; }
.fails h2 { font-size: 1.05rem; }
.scale { max-width: 34rem; font-size: .8rem; color: var(--soft); }
.track { position: relative; height: .9rem; border-radius: .45rem; background: var(--panel); border: 1px solid var(--line); }
.band { position: absolute; top: 0; bottom: 0; background: rgba(var(--right), .45); border-radius: 3px; }
.point { position: absolute; top: -.3rem; bottom: -.3rem; width: 3px; margin-left: -1.5px; background: var(--ink); border-radius: 2px; }
.ticks { display: flex; justify-content: space-between; margin-top: .35rem; }

.scroll { overflow-x: auto; margin: 0 0 1.25rem; max-width: 100%; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding-bottom: .5rem; caption-side: top; }
th, td { padding: .35rem .7rem; text-align: right; border-bottom: 1px solid var(--line); }
th { font-weight: 600; }
td { white-space: nowrap; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
tbody th { font-weight: 500; }
.chosen > * { background: rgba(var(--right), .14); font-weight: 650; }
tbody .chosen th { padding-left: .5rem; }
.confusion th:first-child { position: sticky; left: 0; background: var(--paper); padding-right: 1rem; white-space: nowrap; max-width: 16rem; overflow: hidden; text-overflow: ellipsis; }
.confusion td { padding: 0; border: 2px solid var(--paper); text-align: center; min-width: 2.2rem; height: 2.2rem; border-radius: 4px; }
.confusion td a { display: block; padding: .35rem .3rem; color: inherit; font-weight: 600; text-decoration-thickness: 1px; }
.upright { vertical-align: bottom; text-align: left; padding: .3rem; }
.upright span { writing-mode: vertical-rl; transform: rotate(180deg); max-height: 11rem; overflow: hidden; text-overflow: ellipsis; }
.h0 { color: var(--soft); }
.right.h1 { background: rgba(var(--right), .12); } .wrong.h1 { background: rgba(var(--wrong), .12); }
.right.h2 { background: rgba(var(--right), .18); } .wrong.h2 { background: rgba(var(--wrong), .2); }
.right.h3 { background: rgba(var(--right), .24); } .wrong.h3 { background: rgba(var(--wrong), .28); }
.right.h4 { background: rgba(var(--right), .3); } .wrong.h4 { background: rgba(var(--wrong), .34); }
.right.h5 { background: rgba(var(--right), .36); } .wrong.h5 { background: rgba(var(--wrong), .4); }
.beside { display: flex; flex-wrap: wrap; gap: 1rem 2rem; align-items: flex-start; }
.beside > * { min-width: 0; }
#making th { font-weight: 500; color: var(--soft); vertical-align: top; }
#making thead th, #making td { text-align: left; white-space: normal; }

.chart { width: 100%; max-width: 30rem; flex: 1 1 20rem; height: auto; }
.chart text { font-size: 12.5px; fill: var(--soft); font-family: inherit; }
.chart .strong { fill: var(--ink); font-weight: 650; }
.grid { stroke: var(--line); stroke-width: 1; }
.ideal { stroke: var(--soft); stroke-width: 1; stroke-dasharray: 4 4; }
.curve { fill: none; stroke: var(--link); stroke-width: 2; }
.mean { fill: var(--link); }
.fold { fill: none; stroke: var(--soft); stroke-width: 1; }
.interval { stroke: var(--link); stroke-width: 2; stroke-opacity: .45; }
.chosen { stroke: rgb(var(--right)); stroke-width: 1.5; }
.ring { fill: none; stroke: rgb(var(--right)); stroke-width: 2; }

.gallery { display: grid; grid-template-columns: repeat(auto-fill, minmax(8rem, 1fr)); gap: 1.1rem 1rem; margin: 0 0 1rem; }
figure { margin: 0; font-size: .82rem; line-height: 1.4; min-width: 0; }
figure img, .missing { display: block; margin-bottom: .4rem; border-radius: 6px; max-width: 100%; }
figure img { width: auto; height: 8rem; max-width: 100%; object-fit: contain; object-position: left bottom; }
.missing {
  height: 8rem; width: 8rem; padding: .6rem; border: 1px dashed var(--soft); color: var(--soft); background: var(--panel);
  overflow: hidden; overflow-wrap: anywhere;
}
figcaption b { color: var(--ink); font-weight: 600; }
.cell { margin: 0 0 2rem; }
.cell:target > h3, .mistake:target { outline: 3px solid var(--link); outline-offset: 6px; border-radius: 4px; }
.mistake { display: grid; gap: 1rem 2rem; padding: 1rem 0; border-top: 1px solid var(--line); }
.similar { min-width: 0; }
.similar > p { margin: 0 0 .5rem; font-size: .82rem; color: var(--soft); }
.similar .gallery { grid-template-columns: repeat(3, minmax(0, 1fr)); margin: 0; gap: .7rem; max-width: 32rem; }
.similar img, .similar .missing { height: 6rem; max-width: 100%; }
@media (min-width: 44rem) { .mistake { grid-template-columns: minmax(0, 1fr) minmax(0, 3fr); } }
.pairs { display: grid; grid-template-columns: repeat(auto-fill, minmax(18rem, 1fr)); gap: 1.25rem; margin-bottom: 1rem; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: .6rem 1rem; padding: .9rem; background: var(--panel); border-radius: 10px; align-content: start; }
.pair p { grid-column: 1 / -1; margin: 0; font-size: .82rem; }

@media print {
  nav, .skip { display: none; }
  body { font-size: 10pt; }
  main { max-width: none; padding: 0; }
  .hero { padding-top: 0; grid-template-columns: 3fr 2fr; }
  .big { font-size: 3rem; }
  section { padding-top: 1rem; margin-top: 1rem; }
  .scroll { overflow: visible; }
  h2, h3 { break-after: avoid; }
  figure, tr, .confusion, .mistake, .pair, .fails, .chart { break-inside: avoid; }
  .track, .band, .point, .confusion td, .chosen > * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  a { color: inherit; text-decoration: none; }
}
)css";

}  // namespace vgg16::page
