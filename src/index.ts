/** The public API: what the command line does, as functions. */
export { type AnalysisRequest, analyse } from './cli/analysis.ts';
export { CHANNEL_IDS, type Channel, type ChannelId } from './model/channel.ts';
export type * from './model/report.ts';
export { formatJson } from './report/json.ts';
export { formatJsonl } from './report/jsonl.ts';
export { formatNagios } from './report/nagios.ts';
export { formatText } from './report/text.ts';
