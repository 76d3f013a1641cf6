import type {LabelSelector, SelectorRequirement} from '../api/constraints.ts';
import {assertNever} from '../lib/assertNever.ts';

type Labels = Readonly<Record<string, string>>;

/**
 * Whether the labels meet every requirement: those of metav1.LabelSelector, and Gt and Lt as in
 * core/v1 NodeSelectorRequirement. An empty selector meets everything.
 */
export function matchesSelector(labels: Labels, selector: LabelSelector): boolean {
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) {
    if (labelOf(labels, key) !== value) return false;
  }
  return (selector.matchExpressions ?? []).every((requirement) =>
    meetsRequirement(labelOf(labels, requirement.key), requirement),
  );
}

function meetsRequirement(label: string | undefined, requirement: SelectorRequirement): boolean {
  const values = requirement.values ?? [];
  switch (requirement.operator) {
    case 'In':
      return label !== undefined && values.includes(label);
    case 'NotIn':
      return label === undefined || !values.includes(label);
    case 'Exists':
      return label !== undefined;
    case 'DoesNotExist':
      return label === undefined;
    case 'Gt':
    case 'Lt': {
      const found = parseInt64(label);
      const bound = values.length === 1 ? parseInt64(values[0]) : undefined;
      if (found === undefined || bound === undefined) return false;
      return requirement.operator === 'Gt' ? found > bound : found < bound;
    }
    default:
      return assertNever(requirement.operator);
  }
}

/** Labels are a plain object: a key such as `constructor` must not find what it inherits. */
function labelOf(labels: Labels, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}

/** As Go's strconv.ParseInt(text, 10, 64): a sign and digits, nothing else, within 64 bits. */
function parseInt64(text: string | undefined): bigint | undefined {
  if (text === undefined || !/^[+-]?[0-9]+$/.test(text)) return undefined;
  const value = BigInt(text.startsWith('+') ? text.slice(1) : text);
  return BigInt.asIntN(64, value) === value ? value : undefined;
}
