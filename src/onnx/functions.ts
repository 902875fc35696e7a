import { create } from '@bufbuild/protobuf';
import { AttributeProtoSchema, GraphProtoSchema, NodeProtoSchema, ValueInfoProtoSchema, type AttributeProto, type FunctionProto, type GraphProto, type NodeProto } from 'onnx-buf';
import { UserError } from '../ir/errors';

/** A model with more nodes than this, its functions expanded, is refused. */
const MOST_NODES = 250_000;

/** Functions calling functions. */
const MOST_DEPTH = 100;

type Rename = (name: string) => string;

/** Replaces calls of a model's local functions by their bodies. */
export class FunctionExpander {
  private readonly functions: ReadonlyMap<string, FunctionProto>;
  private readonly sizes = new Map<FunctionProto, number>();
  private calls = 0;

  constructor(functions: readonly FunctionProto[]) {
    this.functions = new Map(functions.map((proto) => [keyOf(proto.domain, proto.name), proto]));
  }

  /** Throws a UserError if a function calls itself or the model's nodes, those of branches included, would become too many. */
  verify(nodes: readonly NodeProto[]): void {
    const count = this.count(nodes, []);
    if (count > MOST_NODES) throw new UserError(`The model has ${count} nodes with its local functions expanded, more than ${MOST_NODES}`, '', 'Export a smaller model');
  }

  /** The nodes with calls replaced; branches of an If are expanded when they are read. */
  expand(nodes: readonly NodeProto[]): NodeProto[] {
    return nodes.flatMap((node) => {
      const proto = this.functions.get(keyOf(node.domain, node.opType));
      return proto ? this.expand(this.body(proto, node)) : [node];
    });
  }

  /** Nodes after expansion. */
  private count(nodes: readonly NodeProto[], callers: readonly FunctionProto[]): number {
    return nodes.reduce((sum, node) => {
      const proto = this.functions.get(keyOf(node.domain, node.opType));
      const within = proto ? this.size(proto, node, callers) : 1;
      return node.attribute.reduce((inner, { g }) => inner + (g ? this.count(g.node, callers) : 0), sum + within);
    }, 0);
  }

  private size(proto: FunctionProto, call: NodeProto, callers: readonly FunctionProto[]): number {
    if (callers.includes(proto)) throw new UserError(`The function ${proto.name} calls itself (recursion)`, `node ${call.name}`, 'Export the model without it');
    if (callers.length > MOST_DEPTH) throw new UserError(`The function ${proto.name} is called more than ${MOST_DEPTH} functions deep`, `node ${call.name}`, 'Export the model without functions');
    const size = this.sizes.get(proto) ?? this.count(proto.node, [...callers, proto]);
    this.sizes.set(proto, size);
    return size;
  }

  private body(proto: FunctionProto, call: NodeProto): NodeProto[] {
    const prefix = `${proto.name}_${this.calls++}/`;
    const names = new Map<string, string>();
    for (const output of proto.node.flatMap((node) => node.output)) names.set(output, prefix + output);
    proto.output.forEach((formal, i) => names.set(formal, call.output[i] || prefix + formal));
    proto.input.forEach((formal, i) => names.set(formal, call.input[i] ?? ''));
    const rename: Rename = (name) => names.get(name) ?? name;
    const attributes = new Map([...proto.attributeProto, ...call.attribute].map((attribute) => [attribute.name, attribute]));
    const passedOn = proto.output.flatMap((formal, i) =>
      proto.input.includes(formal) && call.output[i] ? [create(NodeProtoSchema, { name: `${prefix}${formal}`, opType: 'Identity', input: [rename(formal)], output: [call.output[i]] })] : [],
    );
    return [...proto.node.map((node) => rewrite(node, prefix, rename, attributes)), ...passedOn];
  }
}

/** A body's node at a place where it is called: values renamed, references to the call's attributes resolved. */
function rewrite(node: NodeProto, prefix: string, rename: Rename, attributes: ReadonlyMap<string, AttributeProto>): NodeProto {
  const resolve = (attribute: AttributeProto): AttributeProto[] => {
    const given = attribute.refAttrName ? attributes.get(attribute.refAttrName) : attribute;
    if (!given) return [];
    return [Object.assign(create(AttributeProtoSchema), given, { name: attribute.name }, given.g && { g: graphIn(given.g, prefix, rename, attributes) })];
  };
  return Object.assign(create(NodeProtoSchema), node, { name: prefix + node.name, input: node.input.map(rename), output: node.output.map(rename), attribute: node.attribute.flatMap(resolve) });
}

/** A branch of an If inside a body, which may read the body's values. */
function graphIn(graph: GraphProto, prefix: string, rename: Rename, attributes: ReadonlyMap<string, AttributeProto>): GraphProto {
  const output = graph.output.map((value) => Object.assign(create(ValueInfoProtoSchema), value, { name: rename(value.name) }));
  return Object.assign(create(GraphProtoSchema), graph, { node: graph.node.map((node) => rewrite(node, prefix, rename, attributes)), output });
}

function keyOf(domain: string, name: string): string {
  return `${domain === 'ai.onnx' ? '' : domain}:${name}`;
}
