/** The public API: what the command line does, as functions. */
export { type AnalysisRequest, analyse } from './cli/analysis.ts';
export { loadPolicy } from './cli/policy-file.ts';
export { verify } from './cli/verification.ts';
export {
  type Discovery,
  type Instruments,
  type Plan,
  plan,
  type VerificationRequest,
} from './cli/verification-plan.ts';
export { loadProbes } from './evaluate/directory.ts';
export { CHANNEL_IDS, type Channel, type ChannelId } from './model/channel.ts';
export type { Policy, PolicyDocument, Requirement } from './model/policy.ts';
export type { Probe } from './model/probe.ts';
export type * from './model/report.ts';
export { createDialer } from './net/dial.ts';
export { DEFAULT_DIAL_LIMITS, type DialLimits } from './net/limits.ts';
export type { ByFamily } from './observe/active/families.ts';
export { budgetOf } from './observe/active/plan.ts';
export { surveyEndpoint } from './observe/active/survey.ts';
export type { ActiveOptions, Budget, Profile, Target } from './observe/active/types.ts';
export { formatCsv } from './report/csv.ts';
export { formatHtml } from './report/html.ts';
export { formatJson } from './report/json.ts';
export { formatJsonl } from './report/jsonl.ts';
export { formatJunit } from './report/junit.ts';
export { formatMarkdown } from './report/markdown.ts';
export { formatNagios } from './report/nagios.ts';
export { formatSarif, type RuleText, type SarifOptions } from './report/sarif.ts';
export { formatText } from './report/text.ts';
