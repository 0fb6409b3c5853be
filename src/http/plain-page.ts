import type { Control } from '../daemon/types.ts';

/** The page where there is no dashboard: one table, no script. */
export function plainPage(control: Control): Response {
  const rows = control.clusters().flatMap((cluster) =>
    control.cells(cluster).map(({ channel, member, verdict, served, version }) => {
      const cells = [cluster, channel, member, verdict, served ?? '-', version ?? '-'];
      return `<tr>${cells.map((cell) => `<td>${escaped(cell)}</td>`).join('')}</tr>`;
    }),
  );
  const body = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>flinkprobe</title></head><body>
<h1>flinkprobe</h1>
<p><a href="/api/v1/findings">findings</a> · <a href="/api/v1/runs">runs</a> · <a href="/metrics">metrics</a> ·
<a href="/api/v1/openapi.json">API</a></p>
<table><thead><tr><th>cluster</th><th>channel</th><th>member</th><th>verdict</th><th>served</th><th>version</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody></table>
</body></html>
`;
  return new Response(body, { headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' } });
}

function escaped(text: string): string {
  const names: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return text.replace(/[&<>"']/g, (c) => names[c]!);
}
