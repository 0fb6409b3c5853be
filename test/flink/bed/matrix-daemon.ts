import { DAEMON_JOURNEYS } from './daemon-journeys.ts';
import type { Measured } from './daemon-measure.ts';
import { PLACES, type Place } from './daemon-places.ts';
import type { DaemonResult } from './daemon-run.ts';
import { FLINK_VERSIONS } from './versions.ts';

/** What a daemon told of restarts that it watched, and after how many seconds; of all rounds the worst. */
export function daemonTable(results: readonly DaemonResult[]): readonly string[] {
  if (results.length === 0) return [];
  const rows = DAEMON_JOURNEYS.flatMap((journey) =>
    FLINK_VERSIONS.flatMap(({ version }) => {
      const found = results.find((one) => one.version === version && one.journey === journey.name);
      if (found === undefined) return [];
      const mark = found.verdict === 'equal' ? '=' : '≠';
      return journey.wanted.map(({ what }) => {
        const worst = PLACES.map((place) => cell(found.rounds, what, place));
        return `| \`${journey.name}\` | ${version} | ${mark} | ${what} | ${journey.within} s | ${worst.join(' | ')} |`;
      });
    }),
  );
  const wrong = results.flatMap(({ version, journey, differences }) =>
    differences.map((text) => `- ${version} \`${journey}\`: ${text}`),
  );
  return [
    '## A daemon that watches',
    '',
    'The daemon with its defaults beside a sound cluster (`all`) with a running job. Seconds until each place told it, and',
    'in brackets from the registration of the sound TaskManager until it told it no more; the worst of all rounds. Places:',
    'the WebSocket, the page as served, the page that a browser keeps open, `/metrics`, a real Alertmanager.',
    '',
    ...DAEMON_JOURNEYS.map(
      ({ name, what, counted }) =>
        `- \`${name}\`: ${what}; counted from ${counted === 'from-start' ? 'the start of the process' : 'its registration in REST'}.`,
    ),
    '',
    `| restart | Flink | | told | aim | ${PLACES.join(' | ')} |`,
    `|---|---|---|---|---|${PLACES.map(() => '---').join('|')}|`,
    ...rows,
    '',
    ...(wrong.length > 0 ? [...wrong, ''] : []),
  ];
}

function cell(rounds: readonly (readonly Measured[])[], what: string, place: Place): string {
  const own = rounds.flatMap((round) => round.filter((one) => one.what === what));
  const told = own.flatMap((one) => one.told[place] ?? []);
  if (told.length === 0) return '–';
  const resolved = own.flatMap((one) => one.resolved[place] ?? []);
  const after = resolved.length === 0 ? '' : ` (${Math.max(...resolved).toFixed(1)} s)`;
  return `${Math.max(...told).toFixed(1)} s${after}`;
}
