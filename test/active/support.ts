import { loadProbes } from '../../src/evaluate/directory.ts';
import type { Channel } from '../../src/model/channel.ts';
import type { Probe } from '../../src/model/probe.ts';
import type { Observation } from '../../src/model/report.ts';
import { createDialer } from '../../src/net/dial.ts';
import { surveyEndpoint } from '../../src/observe/active/survey.ts';
import type { ActiveOptions, ActivePatience, Target } from '../../src/observe/active/types.ts';

const probes: ReadonlyMap<Channel, Probe> = new Map((await loadProbes()).map((probe) => [probe.id, probe]));

/** Long enough for a JDK that does its first handshake on a busy machine. */
export const PATIENCE: ActivePatience = { connectMs: 3000, answerMs: 3000, verdictMs: 2000 };

export interface SurveyOptions
  extends Partial<Pick<ActiveOptions, 'profile' | 'identities' | 'trustAnchors' | 'signal' | 'keep'>> {
  readonly channel?: Target['channel'];
  /** As given on the command line; the address where left out. */
  readonly name?: string;
  /** Name of the process. */
  readonly member?: string;
  readonly patience?: Partial<ActivePatience>;
  /** Of the dialer. */
  readonly total?: number;
}

/** One survey with a dialer of its own. */
export function survey(
  endpoint: { readonly address?: string; readonly port: number },
  options: SurveyOptions = {},
): Promise<Observation> {
  const { channel, name, member, patience, total, profile = 'standard', ...more } = options;
  const address = endpoint.address ?? '127.0.0.1';
  const limits = { perHost: 4, open: 4, ...(total === undefined ? {} : { total }) };
  return surveyEndpoint(
    {
      ...{ name: name ?? address, address, port: endpoint.port, channelBasis: 'argument' },
      ...(channel === undefined ? {} : { channel }),
      ...(member === undefined ? {} : { member }),
    },
    {
      ...{ profile, dialer: createDialer(limits, more.signal), probes, associate: 'not-wanted' },
      patience: { ...PATIENCE, ...patience },
      ...more,
    },
  );
}
