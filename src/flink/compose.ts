import type { ConfigurationFile } from './config.ts';
import {
  type ConfMount,
  type Container,
  confFolder,
  containerSource,
  flinkFileAt,
  isFlinkContainer,
  isSameFolder,
  type Variable,
  type Word,
} from './container.ts';
import { shellWords } from './dynamic.ts';
import { readEnvironment } from './env-file.ts';
import type { Followed, Members } from './source.ts';
import type { YamlNode } from './yaml-tree.ts';

/** Whether a document is a Compose file: it has `services`, each a mapping. */
export function isCompose(document: YamlNode): boolean {
  const services = document.entriesAt('services');
  return services.length > 0 && services.every(({ value }) => value?.isMap === true);
}

/**
 * The services of a Compose file that run Flink, each a member of the service's name; others are passed over. Folders and
 * files that a service mounts as configuration are followed where they are there.
 *
 * @throws SourceError for what Compose would refuse
 */
export function readCompose(document: YamlNode, followed: Followed): Members {
  const services = document.entriesAt('services').map(({ name, value }) => {
    const service = value!;
    return { name, container: readService(service, document, followed) };
  });
  const flink = services.filter(({ container }) => isFlinkContainer(container));
  return {
    members: flink.map(({ name, container }) => containerSource(container, name)),
    passedOver: services.filter(({ container }) => !isFlinkContainer(container)).map(() => 'service'),
  };
}

function readService(service: YamlNode, document: YamlNode, followed: Followed): Container {
  const image = service.at('image');
  const text = image?.text();
  const variables = [...fileVariables(service, followed), ...readVariables(service)];
  const folder = confFolder(variables);
  const entrypoint = commandWords(service, 'entrypoint');
  return {
    file: service.file,
    line: service.line,
    ...(text === undefined ? {} : { image: { text: withDefaults(text), line: image!.line } }),
    variables: [...new Map(variables.map((one) => [one.name, one])).values()],
    words: [...entrypoint, ...commandWords(service, 'command')],
    entrypoint: entrypoint.length > 0 ? 'replaced' : 'image',
    mounts: [...volumes(service, folder, followed), ...configs(service, document, folder, followed)],
  };
}

/** `environment` as a mapping, or as a list of `KEY=VALUE`. */
function readVariables(service: YamlNode): readonly Variable[] {
  const mapped = service.entriesAt('environment').map(({ name, line, value }): Variable => {
    const placed = value?.placed();
    return placed === undefined
      ? { name, line }
      : { name, line: value!.line, value: { ...placed, text: undollared(placed.text) } };
  });
  const listed = service.itemsAt('environment').flatMap((item): readonly Variable[] => {
    const placed = item.placed();
    if (placed === undefined) return [];
    const equals = placed.text.indexOf('=');
    if (equals < 0) return [{ name: placed.text, line: item.line }];
    const value = { ...placed, text: undollared(placed.text.slice(equals + 1)) };
    return [{ name: placed.text.slice(0, equals), line: item.line, value }];
  });
  return [...mapped, ...listed];
}

/** `env_file`, one or several, as text or with `path`. */
function fileVariables(service: YamlNode, followed: Followed): readonly Variable[] {
  const one = service.textAt('env_file');
  const several = service.itemsAt('env_file').map((item) => item.text() ?? item.textAt('path'));
  return [one, ...several].flatMap((path) => {
    const file = path === undefined ? undefined : followed.text(path);
    if (file === undefined) return [];
    // The file's own lines would be taken for the Compose file's: its place is where it is named.
    const { line } = service.at('env_file')!;
    return readEnvironment(file.text).map(({ name, text }) => ({
      name,
      line,
      value: { text, firstLine: line, spread: 'one' as const },
    }));
  });
}

/** A text is parted as a shell would, a list is taken as it is. */
function commandWords(service: YamlNode, key: string): readonly Word[] {
  const node = service.at(key);
  const text = node?.text();
  if (text !== undefined) return shellWords(undollared(text)).map((word) => ({ text: word, line: node!.line }));
  return service.itemsAt(key).flatMap((item) => {
    const word = item.text();
    return word === undefined ? [] : [{ text: undollared(word), line: item.line }];
  });
}

interface Volume {
  readonly source: string;
  readonly target: string;
  readonly isReadOnly: boolean;
}

function volumes(service: YamlNode, folder: string, followed: Followed): readonly ConfMount[] {
  return service.itemsAt('volumes').flatMap((item): readonly ConfMount[] => {
    const volume = readVolume(item);
    const access = volume?.isReadOnly === true ? 'read-only' : 'writable';
    return volume === undefined ? [] : mountOf(volume, item, access, folder, followed);
  });
}

function mountOf(
  volume: Volume,
  item: YamlNode,
  access: ConfMount['access'],
  folder: string,
  followed: Followed,
): readonly ConfMount[] {
  const { source, target } = volume;
  const as = flinkFileAt(target, folder);
  if (as === undefined && !isSameFolder(target, folder)) return [];
  const isLocal = /^[./~]/.test(source);
  const found = isLocal ? followed.configuration(source) : undefined;
  const files = as === undefined ? found : found?.map((file) => mountedAs(as, file));
  const where = isLocal ? 'a folder or file that is not here' : 'a volume';
  const unseen = item.fault(
    `what is mounted here as Flink's configuration is ${where}: not known, and without it nothing is`,
  );
  return [{ target: folder, access, files: files ?? [], unseen }];
}

/** Flink knows a file by the name that it has in the container. */
function mountedAs(as: string, { name, text }: ConfigurationFile): ConfigurationFile {
  return { name, text, within: { as, origin: 'file', firstLine: 1, spread: 'lines' } };
}

/** `./conf:/opt/flink/conf:ro`, or the long form. */
function readVolume(item: YamlNode): Volume | undefined {
  const text = item.text();
  if (text === undefined) {
    const [source, target] = [item.textAt('source'), item.textAt('target')];
    if (source === undefined || target === undefined) return undefined;
    return { source: withDefaults(source), target, isReadOnly: item.textAt('read_only') === 'true' };
  }
  const [source, target, mode = ''] = withDefaults(text).split(':');
  if (source === undefined || target === undefined) return undefined;
  return { source, target, isReadOnly: mode.split(',').includes('ro') };
}

/** `configs` of the service that become Flink's files: their content, or the file that they name. Always read-only. */
function configs(service: YamlNode, document: YamlNode, folder: string, followed: Followed): readonly ConfMount[] {
  return service.itemsAt('configs').flatMap((item): readonly ConfMount[] => {
    const source = item.textAt('source');
    const target = item.textAt('target');
    const as = target === undefined ? undefined : flinkFileAt(target, folder);
    if (source === undefined || as === undefined) return [];
    return [
      {
        target: folder,
        access: 'read-only',
        files: configFiles(source, as, document, followed),
        unseen: item.fault('a config that is not here: not known, and without it nothing is'),
      },
    ];
  });
}

function configFiles(source: string, as: string, document: YamlNode, followed: Followed): readonly ConfigurationFile[] {
  const content = document.at('configs', source, 'content')?.placed();
  if (content !== undefined) {
    const { text, firstLine, spread } = content;
    return [{ name: document.file, text, within: { as, origin: 'file', firstLine, spread } }];
  }
  const path = document.textAt('configs', source, 'file');
  const file = path === undefined ? undefined : followed.text(path);
  return file === undefined ? [] : [mountedAs(as, file)];
}

/** `$$` is how Compose writes one dollar sign. */
function undollared(text: string): string {
  return text.replaceAll('$$', '$');
}

/** `${NAME:-default}` by its default, since nobody knows what the environment of Compose had. */
function withDefaults(text: string): string {
  return text.replace(/\$\{[A-Za-z_]\w*:?-([^{}]*)\}/g, '$1');
}
