/** The style sheet of report.html, for light and dark. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: #fbfaf8; --card: #ffffff; --ink: #1d1f24; --soft: #62666f; --rule: #e4e1db;
  --good: #12715b; --bad: #b3261e; --span: #b3261e14;
  --s1: #e4572e; --s2: #2b6cb0; --s3: #8aa4c8; --s4: #12715b;
  --s5: #c58b1a; --s6: #7b5ea7; --s7: #5f8f3e; --s8: #9a5b4f;
  --s9: #3f4a5a; --s10: #c2688f;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14161a; --card: #1c1f25; --ink: #e9e7e2; --soft: #9aa0aa; --rule: #2e323a;
    --good: #4cc3a3; --bad: #ff7a6e; --span: #ff7a6e1c;
    --s1: #ff7b54; --s2: #69a7e8; --s3: #54708f; --s4: #4cc3a3;
    --s5: #e0b04a; --s6: #ab90da; --s7: #93c36f; --s8: #cf9184;
    --s9: #b9c2d0; --s10: #e79abb;
  }
}
* { box-sizing: border-box }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 ui-sans-serif, system-ui, "Segoe UI", "Helvetica Neue", sans-serif;
}
main { max-width: 60rem; margin: 0 auto; padding: 3rem 1.25rem 5rem }
h1 { font-size: 2.1rem; line-height: 1.15; letter-spacing: -.02em; margin: 0 0 .4rem }
h2 { font-size: 1.35rem; letter-spacing: -.01em; margin: 3.2rem 0 .3rem }
h3 { font-size: 1rem; margin: 1.8rem 0 .6rem }
p { margin: .3rem 0 1rem; max-width: 44rem }
.soft { color: var(--soft) }
code { font: .9em ui-monospace, "SF Mono", Menlo, Consolas, monospace }
.verdict {
  display: inline-block; margin: .8rem 0 0; padding: .25rem .8rem; border-radius: 99px;
  font-weight: 600; color: var(--card); background: var(--good);
}
.verdict.bad { background: var(--bad) }
.failures {
  border: 1px solid var(--bad); border-left-width: 6px; border-radius: 8px;
  padding: .8rem 1rem; margin: 1.2rem 0; background: var(--card);
}
.failures li { overflow-wrap: anywhere }
.heroes {
  display: grid; grid-template-columns: repeat(auto-fit, minmax(12rem, 1fr)); gap: 1rem;
  margin: 2rem 0 1rem;
}
.hero { background: var(--card); border: 1px solid var(--rule); border-radius: 12px; padding: 1rem 1.2rem }
.hero b { display: block; font-size: 2.3rem; line-height: 1.2; letter-spacing: -.03em; font-variant-numeric: tabular-nums }
.hero span { color: var(--soft); font-size: .9rem }
figure {
  margin: 1rem 0; padding: 1.1rem 1.2rem; background: var(--card);
  border: 1px solid var(--rule); border-radius: 12px;
}
figcaption { font-weight: 600; margin-bottom: .7rem }
figcaption span { color: var(--soft); font-weight: 400 }
svg { display: block; width: 100%; height: auto; font: 12px ui-sans-serif, system-ui, sans-serif }
svg text { fill: var(--ink); font-variant-numeric: tabular-nums }
svg .tick, svg .group { fill: var(--soft) }
svg .grid { stroke: var(--rule) }
svg .range { stroke: var(--ink); stroke-width: 1.5; opacity: .75 }
svg .span { fill: var(--span) }
svg .edge { stroke: var(--bad); stroke-dasharray: 2 3; opacity: .6 }
svg .line.bad { stroke: var(--bad); stroke-dasharray: 5 3 }
i.bad { background: var(--bad) }
svg .line { fill: none; stroke-width: 2; stroke-linejoin: round }
${Array.from({ length: 10 }, (_, at) => at + 1)
  .map(
    (n) =>
      `rect.s${n}{fill:var(--s${n})}.line.s${n}{stroke:var(--s${n})}i.s${n}{background:var(--s${n})}`,
  )
  .join('')}
.legend { display: flex; flex-wrap: wrap; gap: .3rem 1.1rem; list-style: none; padding: 0; margin: .8rem 0 0; font-size: .85rem; color: var(--soft) }
.legend i { display: inline-block; width: .8rem; height: .8rem; border-radius: 3px; margin-right: .4rem; vertical-align: -.05rem }
.scroll { overflow-x: auto }
table { border-collapse: collapse; width: 100%; font-size: .9rem; font-variant-numeric: tabular-nums }
th, td { text-align: right; padding: .4rem .6rem; border-bottom: 1px solid var(--rule); white-space: nowrap }
th:first-child, td:first-child { text-align: left; padding-left: 0 }
th { color: var(--soft); font-weight: 500; white-space: normal; vertical-align: bottom }
td.bad { color: var(--bad); font-weight: 600 }
details { margin: 1rem 0 } summary { cursor: pointer; color: var(--soft) }
`
