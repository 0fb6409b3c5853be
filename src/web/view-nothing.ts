import type { Fragment } from './template.ts';
import type { View } from './view-page.ts';

/** Where there is nothing to list: why. What could not be read is not called absent. */
export function nothingView({ html, model }: View, text: string): Fragment {
  return html`<p class="empty">${model.problem === undefined ? text : 'Cannot be read: the store fails.'}</p>`;
}
