import { CHANNEL_IDS, type ChannelId } from '../model/channel.ts';
import { Unusable } from './failure.ts';

/** Value of `--expect`. Throws `Unusable` for what is no channel. */
export function parseExpected(text: string): ChannelId | 'all' {
  if (text === 'all') return 'all';
  const channel = CHANNEL_IDS.find((id) => id === text);
  if (channel === undefined)
    throw new Unusable(`--expect: ${JSON.stringify(text)} is no channel; there are all, ${CHANNEL_IDS.join(', ')}`);
  return channel;
}
