import type { HappeningKind } from '../daemon/types.ts';
import { chosen } from './findings-list.ts';
import { pageAddress } from './query.ts';
import type { Fragment } from './template.ts';
import type { View } from './view-page.ts';
import { moment } from './words.ts';

/** After these somebody asks what has changed. */
const TURNS: Partial<Readonly<Record<HappeningKind, string>>> = {
  restart: 'restart',
  'member-back': 'return',
  'rotation-served': 'rotation',
  'certificate-changed': 'new certificate',
};

/** What came and what went since the last restart or rotation; each is a link to those. */
export function sinceView({ html, model, query, now }: View): Fragment | '' {
  const turn = model.happenings.find(({ kind }) => TURNS[kind] !== undefined);
  if (turn === undefined || model.cluster === undefined || model.problem !== undefined) return '';
  const { at, kind, member } = turn;
  const cluster = query.cluster === undefined ? {} : { cluster: query.cluster };
  const [begun, fixed] = [
    { status: 'open', since: at, ...cluster },
    { status: 'resolved', since: at, ...cluster },
  ] as const;
  const many = model.leftOut.findings > 0 ? 'at least ' : '';
  const number = (those: typeof begun | typeof fixed): string => `${many}${chosen(model.findings, those).length}`;
  return html`<p class="turn">Since the ${TURNS[kind]}${member === undefined ? '' : ` of ${member}`} at ${moment(at, now)} UTC:
    <a href="${pageAddress(begun)}" data-go>${number(begun)} new</a>, <a href="${pageAddress(fixed)}" data-go>${number(fixed)} fixed</a></p>`;
}
