"""How the page looks: on the screen, light or dark as the reader has it, and on paper."""

STYLE = """
:root { color-scheme: light dark; --ink: #1b1e23; --soft: #5b6470; --paper: #fff; --card: #f5f7f9; --rule:
  #d8dde3;
  --blue: #0b66a8; --sky: #4aa3d8; --warn: #c44a12; --bad: #b3261e; --good: #1c7c4a; --parked: #c9b8dc;
  --bar: #0b66a8; --band: #e9eef3; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ed; --soft: #9aa5b1; --paper: #14171b; --card:
  #1d2228;
  --rule: #343b44; --blue: #6fb3e6; --sky: #8fd0f5; --warn: #ff9a5c; --bad: #ff8a80; --good: #6fcf97;
  --parked: #6b5a83; --bar: #4a94cc; --band: #262c33; } }
* { box-sizing: border-box; }
body { font: 15px/1.5 system-ui, 'Helvetica Neue', Arial, sans-serif; color: var(--ink); background:
  var(--paper);
  max-width: 76rem; margin: 1.6rem auto 3rem; padding: 0 1.4rem; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 2.2rem 0 .6rem; border-bottom: 1px solid var(--rule); padding-bottom:
  .2rem; }
h3 { font-size: .95rem; margin: 1.1rem 0 .3rem; overflow-wrap: anywhere; }
p { margin: .4rem 0; } .soft, figcaption, caption { color: var(--soft); font-size: .85rem; }
.badge { display: inline-block; padding: .05rem .6rem; border-radius: 1rem; font-size: .85rem;
  font-weight: 600;
  border: 1px solid currentColor; margin-left: .5rem; vertical-align: .15rem; }
.badge.good { color: var(--good); } .badge.bad { color: var(--bad); } .badge.going { color: var(--blue); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .6rem; margin:
  1rem 0; }
.tile { background: var(--card); border-radius: .5rem; padding: .55rem .8rem; }
.tile b { display: block; font-size: 1.2rem; line-height: 1.3; font-weight: 600; overflow-wrap: anywhere; }
.tile span { color: var(--soft); font-size: .8rem; }
.said { border-left: 4px solid var(--blue); background: var(--card); padding: .5rem .9rem; margin: .7rem 0;
  overflow-wrap: anywhere; }
.said.bad { border-color: var(--bad); }
.scroll { overflow-x: auto; } svg { width: 100%; height: auto; display: block; }
figure { margin: .6rem 0 1rem; break-inside: avoid; } .pair { display: grid; gap: .4rem 1.6rem;
  grid-template-columns: repeat(auto-fill, minmax(21rem, 1fr)); }
table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums; margin: .4rem 0
  1rem; }
caption { text-align: left; padding-bottom: .2rem; }
th { text-align: right; font-weight: 600; color: var(--soft); border-bottom: 1px solid var(--rule); }
td { text-align: right; border-bottom: 1px solid var(--rule); vertical-align: top; }
th, td { padding: .2rem .7rem .2rem 0; } th.words, td.words { text-align: left; overflow-wrap: anywhere; }
td.wide { max-width: 36rem; }
pre { background: var(--card); border-radius: .4rem; padding: .6rem .8rem; font-size: .8rem; white-space:
  pre-wrap;
  overflow-wrap: anywhere; margin: .4rem 0 .8rem; }
details summary { cursor: pointer; color: var(--blue); }
footer { margin-top: 2.5rem; border-top: 1px solid var(--rule); padding-top: .5rem; }
svg text { font: 12px system-ui, 'Helvetica Neue', Arial, sans-serif; fill: var(--ink); }
svg .name { font-weight: 600; } svg .small { font-size: 11px; fill: var(--soft); }
svg .tick { font-size: 11px; fill: var(--soft); }
svg .rate { font-size: 11px; fill: var(--ink); stroke: var(--paper); stroke-width: 4px; paint-order:
  stroke; }
svg .axis { stroke: var(--soft); fill: none; } svg .grid { stroke: var(--rule); fill: none;
  stroke-dasharray: 3 3; }
svg .edge { fill: none; stroke: var(--soft); stroke-width: 1.4; } svg .head { fill: var(--soft); }
svg .box rect { fill: var(--card); stroke: var(--soft); } svg .box.stateful rect { stroke-width: 2.4; }
svg .box.source rect { stroke: var(--blue); } svg .box.output rect { fill: none; stroke-dasharray: 4 3; }
svg .box.marked > rect { stroke: var(--warn); stroke-width: 2.6; } svg .box rect.bar { fill: var(--bar);
  stroke: none; }
svg .box.marked rect.bar { fill: var(--warn); }
svg .spread .bar, svg.spread .bar { fill: var(--bar); } svg .mark { stroke: var(--warn); stroke-width:
  1.5; fill: none; }
svg .busy { fill: var(--blue); } svg .lent { fill: var(--good); } svg .parked { fill: var(--parked); }
svg .s0 { fill: var(--band); } svg .s1 { opacity: .16; } svg .s2 { opacity: .28; } svg .s3 { opacity: .4; }
svg .s4 { opacity: .52; } svg .s5 { opacity: .64; } svg .s6 { opacity: .76; } svg .s7 { opacity: .88; }
svg .hover { fill: transparent; } svg .hover:hover { stroke: var(--ink); }
svg .checkpoint { stroke: var(--good); stroke-dasharray: 2 3; fill: none; }
svg .lost, svg .went-on { stroke: var(--bad); stroke-width: 1.6; fill: none; }
svg .line { fill: none; stroke: var(--blue); stroke-width: 1.5; } svg .line.second { stroke: var(--warn); }
svg .line.third { stroke: var(--good); }
.key { display: inline-block; width: .8em; height: .8em; border-radius: 2px; margin: 0 .25em 0 .9em;
  vertical-align: -1px; }
.key.busy, .key.first { background: var(--blue); } .key.lent, .key.third { background: var(--good); }
.key.idle { background: var(--band); border: 1px solid var(--rule); } .key.parked { background:
  var(--parked); }
.key.second { background: var(--warn); }
@media print { :root { --ink: #000; --soft: #444; --paper: #fff; --card: #f4f4f4; --rule: #bbb; --blue:
  #0b66a8;
    --bar: #0b66a8; --warn: #c44a12; --bad: #b3261e; --good: #1c7c4a; --parked: #c9b8dc; --band: #eee; }
  body { font-size: 9.5pt; margin: 0; padding: 0; max-width: none; -webkit-print-color-adjust: exact;
    print-color-adjust: exact; }
  h2 { break-after: avoid; margin-top: 1.2rem; } tr, .tile, .said { break-inside: avoid; }
  thead { display: table-header-group; } .scroll { overflow: visible; } svg { min-width: 0 !important; }
  table, pre { font-size: 7.5pt; } }
@page { margin: 14mm; }
"""
