import type { ChannelCell } from '../daemon/types.ts';
import type { Channel } from '../model/channel.ts';
import { type Grid, gridOf, servedWords } from './grid.ts';
import { shortNames } from './names.ts';
import { pageAddress, withDetail } from './query.ts';
import { MARK_WORDS, shape } from './shapes.ts';
import type { Fragment } from './template.ts';
import type { View } from './view-page.ts';
import { channelName } from './words.ts';

/** Members from which on cells say their verdict only; the rest is a click away, and in their labels. */
const MANY = 6;

export function gridView(view: View): Fragment {
  const { html, model, live } = view;
  const { members, rows } = gridOf(model.cells, model.members);
  const short = shortNames(members);
  const stop = stopOf(view, { members, rows });
  if (rows.length === 0) {
    return html`<section class="channels" aria-labelledby="channels"><h2 id="channels">Channels</h2>
      <p class="empty">No channel was seen yet.</p></section>`;
  }
  return html`<section class="channels" aria-labelledby="channels">
    <h2 id="channels">Channels</h2>
    <div class="scroll" tabindex="0" role="region" aria-labelledby="channels">
      <table class="grid ${members.length > MANY ? 'many' : ''}" role="${live === 'none' ? 'table' : 'grid'}" aria-labelledby="channels">
        <thead><tr><td></td>${members.map((member) => html`<th scope="col"><span title="${member}" aria-label="${member === '' ? 'any member' : member}">${member === '' ? 'any' : short.get(member)}</span></th>`)}</tr></thead>
        <tbody>
          ${rows.map(
            ({ channel, cells }) => html`<tr><th scope="row">${channelName(channel)}</th>
              ${cells.map((those, index) => cellView(view, { channel, member: members[index]!, cells: those, stop }))}</tr>`,
          )}
        </tbody>
      </table>
    </div>
  </section>`;
}

interface Place {
  readonly channel: Channel;
  readonly member: string;
  readonly cells: readonly ChannelCell[];
  /** The one cell that the tab key stops at; arrows lead to the others. */
  readonly stop: ChannelCell | undefined;
}

function cellView(view: View, { channel, member, cells, stop }: Place): Fragment {
  const { html, query, live } = view;
  const [worst] = cells;
  if (worst === undefined) return html`<td class="void"><span aria-label="not there">·</span></td>`;
  const isChosen = query.cell?.channel === channel && query.cell.member === member;
  // Without JavaScript there are no arrows.
  const order = live === 'none' || stop === worst ? 0 : -1;
  const label = [channelName(channel), member || 'any member', MARK_WORDS[worst.verdict], servedWords(worst)];
  const where = pageAddress(withDetail(query, { cell: { channel, member } }));
  return html`<td><a class="cell ${worst.verdict}" href="${where}#detail" data-go data-cell tabindex="${order}" aria-label="${label.filter(Boolean).join(', ')}" aria-current="${isChosen ? 'true' : 'false'}">
    ${shape(view, worst.verdict)}<span class="word">${MARK_WORDS[worst.verdict]}</span>
    <span class="served">${servedWords(worst)}</span></a></td>`;
}

/** The cell that was chosen, else the first one. */
function stopOf({ query: { cell } }: View, { members, rows }: Grid): ChannelCell | undefined {
  const chosen = rows.find(({ channel }) => channel === cell?.channel)?.cells[members.indexOf(cell?.member ?? '')]?.[0];
  return chosen ?? rows.flatMap(({ cells }) => cells.flat())[0];
}
