import type { ClusterRule, ClusterSubject, Judgement } from '../model/rule.ts';
import { filePlace } from './support/file-place.ts';
import { remedy } from './support/remedies.ts';
import { contentsOf, seenDirectories, volumeEvidence } from './support/state-directories.ts';

/** State on a network file system whose mount does not encrypt: medium, as every external system in clear is. */
export const rule: ClusterRule = {
  id: 'state-mount-in-clear',
  scope: 'cluster',
  title: 'State crosses the network to a mount in clear',
  severity: 'medium',
  rationale:
    'A directory of state on NFS or another network file system sends every checkpoint over the network outside all of security.ssl. Only the options of the mount protect it. The files look local, so that no setting of Flink hints at it.',
  decides:
    'Looks at the mount that a directory of state lies on: type of the file system and options that encrypt (NFS sec=krb5p or xprtsec, SMB seal, Ceph ms_mode=secure).',
  verdicts: {
    pass: 'the options of the mount encrypt',
    fail: 'the bytes of the mount travel in clear',
    inconclusive: 'the options do not tell',
    'not-applicable': 'no directory of state lies on a network file system',
  },
  hears: ['promise'],
  remediation: remedy(
    'Mount with encryption: NFS with sec=krb5p or xprtsec=mtls, SMB with seal, Ceph with ms_mode=secure, or a tunnel between the hosts (WireGuard, IPsec).',
  ),
  references: ['https://www.rfc-editor.org/rfc/rfc9289', 'https://www.rfc-editor.org/rfc/rfc7861', 'NIST SP 800-209'],

  appliesTo(subject: ClusterSubject): boolean {
    return seenDirectories(subject).some(({ volume }) => volume?.transport !== undefined);
  },

  evaluate(subject: ClusterSubject): readonly Judgement[] {
    return seenDirectories(subject).flatMap((directory): readonly Judgement[] => {
      const { volume, files, observation, path } = directory;
      if (volume?.transport === undefined) return [];
      if (volume.transport === 'protected') return [{ verdict: 'pass' }];
      // What an option does not say, a server may still demand.
      if (volume.transport === 'unknown') return [{ verdict: 'inconclusive' }];
      const what = files.length === 0 ? '' : `; it holds ${contentsOf(files)}`;
      return [
        {
          verdict: 'fail',
          channel: observation.channel,
          file: filePlace(path, observation.server.member),
          message: 'The directory is a network mount whose bytes travel in clear.',
          expected: 'a mount that encrypts (sec=krb5p, xprtsec, seal, ms_mode=secure)',
          observed: `${volume.fileSystem} mount of ${volume.device}: ${volume.evidence[0] ?? 'not encrypted'}${what}`,
          evidence: volumeEvidence(directory),
        },
      ];
    });
  },
};
