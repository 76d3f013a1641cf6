import {type CrdSource, crdSources, GROUP, VERSION} from './crdSources.ts';
import {type StructuralSchema, structuralSchemaOf} from './structuralSchema.ts';

/** The API reference, in Markdown: every field of every kind with its bounds, default and rules. */
export function referencePage(): string {
  return [
    '# API reference',
    `Group \`${GROUP}\`, version \`${VERSION}\`. Generated from the schemas by \`make generate\`: edit those.`,
    'Quantities are those of Kubernetes (`500m`, `1.5Gi`). A field with a default may be left out.',
    ...crdSources.flatMap(kindSection),
    '',
  ].join('\n\n');
}

function kindSection(source: CrdSource): string[] {
  const schema = structuralSchemaOf(source.schema);
  const {spec, status} = schema.properties ?? {};
  const facts = [
    source.namespaced ? 'namespaced' : 'cluster-scoped',
    `plural \`${source.plural}\``,
    ...source.shortNames.map((name) => `short name \`${name}\``),
    'category `berth`',
  ];
  return [
    `## ${source.kind}`,
    `${schema.description ?? ''} (${facts.join(', ')})`,
    ...(source.selectableFields.length > 0 ? [selectorLine(source)] : []),
    ...fieldTable('spec', spec),
    ...fieldTable('status', status),
    ...ruleList(schema),
  ];
}

function selectorLine(source: CrdSource): string {
  const paths = source.selectableFields.map((path) => `\`${path.slice(1)}\``);
  return `Field selectors: ${paths.join(', ')}.`;
}

function fieldTable(root: string, schema: StructuralSchema | undefined): string[] {
  if (!schema) return [];
  const rows = rowsOf(root, schema);
  const table = [
    '| field | type | default | bounds | meaning |',
    '| --- | --- | --- | --- | --- |',
  ];
  return [`### ${root}`, schema.description ?? '', [...table, ...rows].join('\n')];
}

function rowsOf(path: string, schema: StructuralSchema): string[] {
  const rows: string[] = [];
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    const at = `${path}.${name}`;
    const required = schema.required?.includes(name) ? ' (required)' : '';
    const fallback = field.default === undefined ? '' : `\`${JSON.stringify(field.default)}\``;
    const cells = [`\`${at}\`${required}`, typeOf(field), fallback, boundsOf(field)];
    rows.push(`| ${[...cells, field.description ?? ''].map(escapeCell).join(' | ')} |`);
    rows.push(...rowsOf(field.items ? `${at}[]` : at, field.items ?? field));
  }
  return rows;
}

function typeOf(field: StructuralSchema): string {
  if (field['x-kubernetes-int-or-string']) return 'quantity';
  if (field['x-kubernetes-preserve-unknown-fields'] && !field.properties) return 'any object';
  if (field.enum) return field.enum.map(String).join(', ');
  if (field.items) return `list of ${typeOf(field.items)}`;
  if (field.additionalProperties) return `map of ${typeOf(field.additionalProperties)}`;
  return field.format === 'date-time' ? 'time' : (field.type ?? '');
}

function boundsOf(field: StructuralSchema): string {
  const bounds: string[] = [];
  const range = (min: number | undefined, max: number | undefined, unit: string) => {
    if (min !== undefined && max !== undefined) bounds.push(`${min} to ${max}${unit}`);
    else if (max !== undefined) bounds.push(`at most ${max}${unit}`);
    else if (min !== undefined) bounds.push(`at least ${min}${unit}`);
  };
  range(field.minimum, field.maximum, '');
  range(field.minLength, field.maxLength, ' characters');
  range(undefined, field.maxItems, ' entries');
  range(undefined, field.maxProperties, ' keys');
  for (const {message} of field['x-kubernetes-validations'] ?? []) bounds.push(message);
  const each = field.items ?? field.additionalProperties;
  const eachBounds = each && !each.properties ? boundsOf(each) : '';
  if (eachBounds !== '') bounds.push(`each ${eachBounds}`);
  if (field.pattern !== undefined) bounds.push(`matches \`${field.pattern}\``);
  return bounds.join('; ');
}

function ruleList(schema: StructuralSchema): string[] {
  const {spec, status} = schema.properties ?? {};
  const messages = [schema, spec, status].flatMap(
    (part) => part?.['x-kubernetes-validations']?.map(({message}) => `- ${message}`) ?? [],
  );
  return messages.length > 0 ? ['### Rules that span fields', messages.join('\n')] : [];
}

function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|');
}
