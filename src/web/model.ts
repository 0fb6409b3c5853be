import type { LiveData } from '../daemon/live-events.ts';
import type {
  CertificateRecord,
  ChannelCell,
  ClusterStatus,
  DaemonStatus,
  FindingRecord,
  Happening,
  RunSummary,
  WaiverStatus,
} from '../daemon/types.ts';
import type { Coverage, Report } from '../model/report.ts';

/** All that the page shows of one cluster, as JSON: what the server draws first, and the browser goes on from. */
export interface PageModel {
  /** Number of the newest live event that is in here. */
  readonly seq: number;
  /** May start runs. */
  readonly operator: boolean;
  readonly status: DaemonStatus;
  /** Absent: no cluster is configured. */
  readonly cluster?: ClusterStatus;
  readonly cells: readonly ChannelCell[];
  /** Why there is no history: the store cannot be read. */
  readonly problem?: string;
  readonly findings: readonly PageFinding[];
  readonly certificates: readonly PageCertificate[];
  /** Newest first. */
  readonly runs: readonly RunSummary[];
  /** Newest first. */
  readonly happenings: readonly Happening[];
  readonly waivers: readonly WaiverStatus[];
  /** What the last run was able to see. */
  readonly coverage: readonly Coverage[];
  /** What the last run found in the captures that it read; absent where it read none. */
  readonly traffic?: Traffic;
  /** Absent: the last run asked somebody, or read no capture. */
  readonly recording?: Recording;
  /** Members that the last run knows by name, whether anything was seen of them or not. */
  readonly members: readonly string[];
  /** What crossed in clear of late, newest first. */
  readonly clear: readonly ClearTransfer[];
  /** Connections that the wire showed, newest first. */
  readonly connections: readonly SeenConnection[];
  /** Findings and certificates that there are besides these. */
  readonly leftOut: { readonly findings: number; readonly certificates: number };
}

/** `drops`: packets that the capture lost; `gaps`: holes in connections, `gapBytes` long. */
export type Traffic = Pick<NonNullable<Report['summary']>, 'connections' | 'clearBytes' | 'tlsBytes'> & {
  readonly drops: number;
  readonly gaps: number;
  readonly gapBytes: number;
};

/** `at`: when it was told. */
export type ClearTransfer = LiveData['clear-transfer'] & { readonly at: string };

/** `texts: 'elsewhere'`: what only its detail shows is left out here, and asked for when it is looked at. */
export type PageFinding = FindingRecord & { readonly texts?: 'elsewhere' };

/** What the page shows of a certificate. */
export type PageCertificate = Omit<CertificateRecord, 'certificate' | 'cluster'> & {
  readonly certificate: Pick<CertificateRecord['certificate'], 'sha256' | 'subject' | 'serialNumber' | 'notAfter'>;
};

export type SeenConnection = LiveData['connection'];

/** Captures from which the last run was made, where it asked nobody: when their packets were taken. */
export interface Recording {
  readonly from: string;
  readonly to: string;
}

/** More are counted, not listed. */
export const PAGE_LIMITS = {
  findings: 200,
  certificates: 150,
  runs: 400,
  happenings: 100,
  clear: 20,
  connections: 20,
  members: 200,
} as const;
