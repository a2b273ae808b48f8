"""How the page looks: legible in print and on a phone, light and dark."""

STYLE = """
:root{color-scheme:light dark;--line:#8884;--soft:#8881;--ink:CanvasText}
body{font:15px/1.5 system-ui,sans-serif;margin:0;color:var(--ink)}
main{max-width:72rem;margin:auto;padding:1.5rem}
h1{font-size:1.5rem;margin:0 0 1rem}h2{font-size:1.1rem;margin:2rem 0 .5rem}
.facts{display:flex;flex-wrap:wrap;gap:.75rem}
.facts div{background:var(--soft);border-radius:.5rem;padding:.6rem .9rem}
.facts b{display:block;font-size:1.15rem}.facts span,small{opacity:.7;font-size:.8rem}
table{border-collapse:collapse;width:100%}
th{text-align:left;font-size:.8rem;opacity:.7;font-weight:600}
th,td{padding:.45rem .6rem .45rem 0;border-bottom:1px solid var(--line);vertical-align:top}
td.n{text-align:right;padding-right:1.5rem;font-variant-numeric:tabular-nums}
.P1,.P2,.P3{border-radius:.3rem;padding:0 .35rem;font-size:.75rem;font-weight:700;color:#fff}
.P1{background:#b3261e}.P2{background:#8a5a00}.P3{background:#4a5568}
td.held{opacity:.65}em{opacity:.8}
"""
