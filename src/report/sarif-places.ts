import type { Finding, Report } from '../model/report.ts';
import { printable } from './printable.ts';

/** Base of paths that begin at the root of the file system, so that every address in a result is a relative one. */
const ROOT = 'FILE_SYSTEM';

interface ArtifactLocation {
  readonly uri: string;
  readonly uriBaseId?: string;
  readonly index: number;
}

type Role = 'analysisTarget' | 'referencedOnCommandLine';

interface Artifact {
  readonly location: Omit<ArtifactLocation, 'index'>;
  readonly roles: Role[];
  readonly description?: { readonly text: string };
}

/** Where findings are, as code scanning wants it: a file and a line each, as relative URI references (section 3.4). */
export class SarifPlaces {
  readonly #report: Report;
  readonly #artifacts = new Map<string, { readonly index: number; readonly artifact: Artifact }>();

  constructor(report: Report) {
    this.#report = report;
    for (const { kind, path } of report.inputs) {
      if (kind === 'capture' || kind === 'configuration' || kind === 'log' || kind === 'keystore')
        this.#locate(path, ['analysisTarget', 'referencedOnCommandLine']);
    }
  }

  /**
   * The file that the finding names; of what was found on the network the line of the configuration that declares its
   * channel, else the capture that shows it, else an address that stands for the endpoint and is described as such.
   */
  physicalLocation(finding: Finding): object {
    const { file } = finding;
    if (file !== undefined) return this.#place(file.path, file.line);
    const declared = this.#declaration(finding);
    if (declared?.file !== undefined) return this.#place(declared.file, declared.line);
    const capture = this.#capture(finding);
    if (capture !== undefined) return this.#place(capture, undefined);
    const { channel, endpoint } = finding;
    const process = endpoint === undefined ? 'all' : (endpoint.member ?? endpoint.host);
    const artifactLocation = this.#locate(`endpoints/${channel}/${flat(process)}`, [], STANDS_FOR);
    return { artifactLocation, region: { startLine: 1 } };
  }

  artifacts(): readonly Artifact[] {
    return [...this.#artifacts.values()].map(({ artifact }) => artifact);
  }

  bases(): object {
    return { [ROOT]: { uri: 'file:///', description: { text: 'The root of the file system that was looked at.' } } };
  }

  /** The setting that decides the channel, of the member's own configuration where there is one. */
  #declaration({ channel, endpoint }: Finding): { readonly file?: string; readonly line?: number } | undefined {
    const declared = this.#report.expectations.filter((one) => one.channel === channel);
    const own = declared.find(({ member }) => member !== null && member === endpoint?.member);
    const common = declared.find(({ member }) => member === null);
    const anywhere = endpoint?.member === undefined ? declared[0] : undefined;
    return (own ?? common ?? anywhere)?.because.find(({ file }) => file !== undefined);
  }

  #capture({ evidence }: Finding): string | undefined {
    const captures = this.#report.inputs.filter(({ kind }) => kind === 'capture').map(({ path }) => path);
    const named = evidence.find(({ file }) => file !== undefined)?.file;
    return named ?? (evidence.some(({ frame }) => frame !== undefined) ? captures[0] : undefined);
  }

  #place(path: string, line: number | undefined): object {
    return {
      artifactLocation: this.#locate(path, ['analysisTarget']),
      // GitHub takes no result without a line.
      region: { startLine: line ?? 1 },
    };
  }

  #locate(path: string, roles: Role[], description?: string): ArtifactLocation {
    const location = addressOf(path);
    const key = `${location.uriBaseId ?? ''} ${location.uri}`;
    const known = this.#artifacts.get(key);
    if (known !== undefined) return { ...location, index: known.index };
    const index = this.#artifacts.size;
    const told = description === undefined ? {} : { description: { text: description } };
    this.#artifacts.set(key, { index, artifact: { location, roles, ...told } });
    return { ...location, index };
  }
}

const STANDS_FOR = 'No file: stands for an endpoint of which neither configuration nor capture was given.';

function flat(name: string): string {
  return name.replace(/[\\/]/g, '_');
}

/** A path of either kind of system as relative reference; what no URI may hold is percent-encoded, byte by byte. */
function addressOf(path: string): Omit<ArtifactLocation, 'index'> {
  const slashed = path.replaceAll('\\', '/');
  const isAbsolute = /^(?:\/|[A-Za-z]:\/)/.test(slashed);
  const segments = slashed.split('/').filter((part) => part !== '' && part !== '.');
  const uri = segments.map(segment).join('/') || '.';
  return isAbsolute ? { uri, uriBaseId: ROOT } : { uri };
}

/** Colons, too: one in the first segment would make it a scheme (RFC 3986, section 4.2). */
function segment(text: string): string {
  return encodeURIComponent(printable(text));
}
