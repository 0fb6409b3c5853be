import {
  type ConfMount,
  type Container,
  confFolder,
  flinkFileAt,
  isSameFolder,
  type Variable,
  type Word,
} from './container.ts';
import { shellWords } from './dynamic.ts';
import type { ConfigObjects } from './kubernetes-objects.ts';
import type { YamlNode } from './yaml-tree.ts';

/** A container of a pod specification, with what it mounts as Flink's configuration. */
export function readContainer(container: YamlNode, pod: YamlNode, configs: ConfigObjects): Container {
  const image = container.at('image');
  const text = image?.text();
  const command = container.itemsAt('command');
  const variables = [...variablesFrom(container, configs), ...readVariables(container, configs)];
  return {
    file: container.file,
    line: container.line,
    ...(text === undefined ? {} : { image: { text, line: image!.line } }),
    // Of two of one name, the last one counts.
    variables: [...new Map(variables.map((one) => [one.name, one])).values()],
    words: [...wordsOf(command), ...wordsOf(container.itemsAt('args'))],
    entrypoint: command.length > 0 ? 'replaced' : 'image',
    mounts: confMounts(container, pod, configs, confFolder(variables)),
  };
}

/** `args: ["bash", "-c", "…"]` and single words alike: what stands in one argument is taken apart as a shell would. */
function wordsOf(items: readonly YamlNode[]): readonly Word[] {
  return items.flatMap((item) => {
    const text = item.text();
    if (text === undefined) return [];
    // An argument that is a property is one word, whatever is in its value.
    const parts = /^-D/.test(text) || !/\s/.test(text) || /^[\w.-]+=/.test(text) ? [text] : shellWords(text);
    return parts.map((part) => ({ text: part, line: item.line }));
  });
}

/** `env` of a container. */
export function readVariables(container: YamlNode, configs: ConfigObjects): readonly Variable[] {
  return container.itemsAt('env').flatMap((one): readonly Variable[] => {
    const name = one.textAt('name');
    if (name === undefined) return [];
    const value = one.at('value');
    const line = value?.line ?? one.line;
    const placed = value?.placed();
    if (placed !== undefined) return [{ name, line, value: placed }];
    const map = one.at('valueFrom', 'configMapKeyRef');
    const key = map?.textAt('key');
    if (map !== undefined && key !== undefined) {
      const of = map.textAt('name') ?? '';
      const found = configs.text('ConfigMap', of, key);
      return [found === undefined ? { name, line, from: 'a ConfigMap of another file' } : { name, line, value: found }];
    }
    const secret = one.textAt('valueFrom', 'secretKeyRef', 'name');
    if (one.at('valueFrom') === undefined) return [{ name, line }];
    return [{ name, line, from: secret === undefined ? 'the pod itself' : 'a Secret' }];
  });
}

/** `envFrom`: what is in this file; a Secret's values are a reference. */
function variablesFrom(container: YamlNode, configs: ConfigObjects): readonly Variable[] {
  return container.itemsAt('envFrom').flatMap((one): readonly Variable[] => {
    const prefix = one.textAt('prefix') ?? '';
    const map = one.textAt('configMapRef', 'name');
    const secret = one.textAt('secretRef', 'name');
    if (secret !== undefined) {
      const names = configs.texts('Secret', secret) ?? [];
      return names.map(([name]) => ({ name: `${prefix}${name}`, line: one.line, from: 'a Secret' }));
    }
    if (map === undefined) return [];
    const texts = configs.texts('ConfigMap', map) ?? [];
    return texts.map(([name, value]) => ({ name: `${prefix}${name}`, line: value.firstLine, value }));
  });
}

/** What is mounted as Flink's configuration folder, or as one of its files. */
function confMounts(container: YamlNode, pod: YamlNode, configs: ConfigObjects, folder: string): readonly ConfMount[] {
  return container.itemsAt('volumeMounts').flatMap((mount): readonly ConfMount[] => {
    const path = mount.textAt('mountPath') ?? '';
    const file = flinkFileAt(path, folder);
    if (file === undefined && !isSameFolder(path, folder)) return [];
    const name = mount.textAt('name');
    const volume = pod.itemsAt('volumes').find((one) => one.textAt('name') === name);
    const subPath = mount.textAt('subPath');
    const sources = volume === undefined ? [] : [volume, ...volume.itemsAt('projected', 'sources')];
    const found = sources.flatMap((source) => ofSource(source, configs, file, subPath));
    const isObject = found.length > 0;
    const isReadOnly = isObject || mount.textAt('readOnly') === 'true';
    return [
      {
        target: folder,
        access: isReadOnly ? 'read-only' : 'writable',
        files: found.flatMap(({ files }) => files),
        unseen: mount.fault(
          `what is mounted here as Flink's configuration ${found[0]?.unseen ?? 'is a volume'}: ${GIVE_BOTH}`,
        ),
      },
    ];
  });
}

const GIVE_BOTH =
  'not known, and without it nothing is; give both in one file, as kubectl get configmap,deployment -o yaml writes them, or the folder itself';

interface Source {
  /** Why there are no files. */
  readonly unseen: string;
  readonly files: NonNullable<ReturnType<ConfigObjects['files']>>;
}

/** Volumes of ConfigMaps and Secrets are read-only always (Kubernetes 1.9.6). */
function ofSource(
  source: YamlNode,
  configs: ConfigObjects,
  file: string | undefined,
  subPath: string | undefined,
): readonly Source[] {
  for (const [kind, part, field] of [
    ['ConfigMap', 'configMap', 'name'],
    ['Secret', 'secret', source.textAt('secret', 'secretName') === undefined ? 'name' : 'secretName'],
  ] as const) {
    const name = source.textAt(part, field);
    if (name === undefined) continue;
    const listed = source
      .itemsAt(part, 'items')
      .map((one) => [one.textAt('key') ?? '', one.textAt('path') ?? ''] as const);
    const items = file === undefined || subPath === undefined ? new Map(listed) : subPathItems(listed, subPath, file);
    const files = configs.files(kind, name, items);
    const unseen =
      files === undefined ? `is a ${kind} of another file` : `is a ${kind} without config.yaml and flink-conf.yaml`;
    return [{ unseen, files: files ?? [] }];
  }
  return [];
}

/** `subPath` mounts one entry under whatever name. */
function subPathItems(
  listed: readonly (readonly [string, string])[],
  subPath: string,
  file: string,
): ReadonlyMap<string, string> {
  const key = listed.find(([, path]) => path === subPath)?.[0] ?? subPath;
  return new Map([[key, file]]);
}
