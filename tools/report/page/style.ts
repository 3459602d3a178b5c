/** The page's one style sheet; its digest stands in the page's policy. */
export const STYLE = `
:root{color-scheme:light dark;--bg:#fbfbfa;--panel:#fff;--line:#d8d8d4;--text:#1c1d1f;--muted:#5b5f66;--accent:#1f5fae;--good:#17693a;--warn:#8a5300;--bad:#b3261e;--sleep:#8b93a1;--alert:#b87a00;--active:#c62f26;--recovery:#0f7f93;--shutdown:#7a3db8}
@media (prefers-color-scheme:dark){:root{--bg:#121417;--panel:#1a1d21;--line:#34393f;--text:#e6e7e9;--muted:#a3a9b2;--accent:#7ab3f5;--good:#6fce8f;--warn:#e8b457;--bad:#ff8b82;--sleep:#6c7584;--alert:#e0a530;--active:#f2635a;--recovery:#35b3c8;--shutdown:#b98aec}}
@media print{:root{color-scheme:light;--bg:#fff;--panel:#fff;--line:#bbb;--text:#000;--muted:#444;--accent:#1f5fae;--good:#17693a;--warn:#8a5300;--bad:#b3261e;--sleep:#8b93a1;--alert:#b87a00;--active:#c62f26;--recovery:#0f7f93;--shutdown:#7a3db8}nav{display:none}section,figure,.card{break-inside:avoid-page}.scroll,.chart{overflow:visible!important}tr{break-inside:avoid}table{font-size:9px}th,td{padding:2px 4px}td.t,td.n{white-space:normal!important}td.w{min-width:0!important}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--text);font:14px/1.45 system-ui,sans-serif;font-variant-numeric:tabular-nums}
main,header,footer,nav{max-width:1100px;margin:0 auto;padding:0 16px}
header{padding-top:20px}
h1{font-size:20px;margin:0 0 4px;overflow-wrap:anywhere}
h2{font-size:16px;margin:28px 0 8px;border-bottom:1px solid var(--line);padding-bottom:4px}
h3{font-size:14px;margin:16px 0 6px}
p{margin:6px 0;max-width:80ch}
a{color:var(--accent)}
nav ul{list-style:none;display:flex;flex-wrap:wrap;gap:4px 14px;margin:10px 0 0;padding:0}
nav a{display:inline-block;padding:4px 0}
a:focus-visible,.chart:focus-visible,.scroll:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
.muted{color:var(--muted)}
.good{color:var(--good)}.bad{color:var(--bad)}.warn{color:var(--warn)}
.notes{border-left:4px solid var(--warn);background:var(--panel);padding:8px 12px;margin:12px 0;list-style:none}
.notes li{margin:4px 0;overflow-wrap:anywhere}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(158px,1fr));gap:8px;margin:8px 0;padding:0}
.card{background:var(--panel);border:1px solid var(--line);border-radius:4px;padding:8px 10px;min-width:0}
.card dt{color:var(--muted);font-size:12px}
.card dd{margin:2px 0 0;font-size:16px;overflow-wrap:anywhere}
.card dd small{display:block;font-size:12px;color:var(--muted)}
.scroll,.chart{overflow-x:auto;background:var(--panel);border:1px solid var(--line);border-radius:4px;margin:8px 0}
.chart svg{display:block;width:100%;min-width:560px;height:auto}
table{border-collapse:collapse;width:100%;font-size:13px}
th,td{text-align:left;padding:4px 10px;border-bottom:1px solid var(--line);vertical-align:top;overflow-wrap:break-word}
tr:last-child>*{border-bottom:0}
thead th{color:var(--muted);font-weight:600;vertical-align:bottom}
tbody th{font-weight:400}
td.n,th.n{text-align:right}td.n{white-space:nowrap}
td.t{white-space:nowrap}
td.w{min-width:180px;overflow-wrap:anywhere}
caption{text-align:left;color:var(--muted);padding:6px 10px}
code{font:12px/1.4 ui-monospace,monospace;overflow-wrap:anywhere}
.pair th{width:200px;color:var(--muted);font-weight:400}
.grid{stroke:var(--line);stroke-width:1}
.tick{fill:var(--muted);font:12px system-ui,sans-serif}
.name{fill:var(--text)}
.line{fill:none;stroke:var(--accent);stroke-width:1.5;stroke-linejoin:round}
.line.bad{stroke:var(--bad)}
.line.thin{stroke:var(--muted);stroke-width:1}
.surface{fill:var(--accent);opacity:.14}.surface.bad{fill:var(--bad)}
.bar.accent{fill:var(--accent)}.bar.good{fill:var(--good)}.bar.bad{fill:var(--bad)}
.mark{fill:var(--muted);stroke:var(--panel)}.mark.good{fill:var(--good)}.mark.bad{fill:var(--bad)}
.state.sleep{fill:var(--sleep)}.state.alert{fill:var(--alert)}.state.active{fill:var(--active)}.state.recovery{fill:var(--recovery)}.state.shutdown{fill:var(--shutdown)}
.key{display:flex;flex-wrap:wrap;gap:4px 16px;list-style:none;padding:0;margin:6px 0}
.key svg{width:12px;height:12px;margin-right:5px;vertical-align:-1px}
footer{color:var(--muted);padding-top:20px;padding-bottom:30px}
@media (max-width:480px){main,header,footer,nav{padding-left:10px;padding-right:10px}.cards{grid-template-columns:repeat(2,1fr)}.pair th{width:110px}}
`;
