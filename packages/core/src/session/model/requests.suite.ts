/**
 * What the requests of a random run do to a session: each action changes the plain value that a
 * replica handed out, in place, and the model's tree beside it. For tests only.
 */
import type { ModelScalar, Tree } from "./laws.suite.js";

/**
 * What was done to objects of a list in one request. A new object in place of a removed one counts as
 * an edit of it, which the model cannot tell: so no request does both to one list.
 */
const touched = new WeakMap<Tree, "inserted" | "removed">();

/** Plain data that may be changed. */
export type Live = { [name: string]: unknown };

/** The random numbers of one action. */
export type Dice = readonly [number, number, number];

/** What an action may do, by name; a law's test picks those that bear on it. */
export type ActionName = keyof typeof ACTIONS;

interface Where {
  readonly objects: { tree: Tree & { k: "object" }; live: Live; isElement: boolean }[];
  readonly lists: { tree: Tree & { k: "list" }; live: unknown[] }[];
}

/** A tree and the live value that it mirrors. */
export interface Request {
  readonly tree: Tree & { k: "object" };
  readonly live: Live;
  /** Whether there was a list `items` when the request began. */
  readonly hadItems: boolean;
  /** Names new list elements, and makes them tell apart. */
  readonly nextUid: () => string;
}

/** Attribute names; some would be trouble if they were code. */
const NAMES = ["a", "b", "__proto__", "", "x/y~@z"];
const SCALARS: readonly ModelScalar[] = [0, 1, "a", "\ud83d\ude00 \u00e9", null, true];

const at = <T>(items: readonly T[], die: number): T | undefined => items[die % items.length];

function find({ tree, live }: Request): Where {
  const where: Where = { objects: [], lists: [] };
  const visit = (node: Tree, value: unknown, isElement: boolean): void => {
    if (node.k === "object") {
      where.objects.push({ tree: node, live: value as Live, isElement });
      for (const [name, field] of node.fields) visit(field, own(value as Live, name), false);
    } else if (node.k === "list") {
      where.lists.push({ tree: node, live: value as unknown[] });
      node.items.forEach((item, i) => visit(item.tree, (value as unknown[])[i], true));
    }
  };
  visit(tree, live, false);
  return where;
}

function own(live: Live, name: string): unknown {
  return Object.getOwnPropertyDescriptor(live, name)?.value;
}

function assign(live: Live, name: string, value: unknown): void {
  const attributes = { value, writable: true, enumerable: true, configurable: true };
  Object.defineProperty(live, name, attributes);
}

/** Sets an attribute of some object to a tree. */
function put(request: Request, dice: Dice, tree: Tree): void {
  const object = at(find(request).objects, dice[0]);
  const name = at(NAMES, dice[1]) as string;
  if (!object) return;
  object.tree.fields.set(name, tree);
  assign(object.live, name, plain(tree));
}

/** The plain value of a tree. */
export function plain(tree: Tree): unknown {
  switch (tree.k) {
    case "scalar":
      return tree.value;
    case "counter":
      return tree.total;
    case "list":
      return tree.items.map((item) => plain(item.tree));
    case "object": {
      const live: Live = {};
      for (const [name, field] of tree.fields) assign(live, name, plain(field));
      return live;
    }
  }
}

const scalar = (die: number): Tree => ({ k: "scalar", value: at(SCALARS, die) as ModelScalar });

function element(request: Request, die: number, isScalar = false): { uid: string; tree: Tree } {
  const uid = request.nextUid();
  if (isScalar || die % 3 === 0) return { uid, tree: { k: "scalar", value: uid } };
  const fields = new Map<string, Tree>([["id", { k: "scalar", value: uid }]]);
  if (die % 3 === 1) fields.set("b", scalar(die >> 2));
  return { uid, tree: { k: "object", fields } };
}

function elements(request: Request, die: number, isScalar = false): { uid: string; tree: Tree }[] {
  return Array.from({ length: 1 + (die % 3) }, (_, i) =>
    element(request, (die >> 2) + i, isScalar),
  );
}

function insert(request: Request, dice: Dice, make: (isScalar: boolean) => Items): void {
  const list = at(find(request).lists, dice[0]);
  if (!list) return;
  const items = make(touched.get(list.tree) === "removed");
  if (items.some(({ tree }) => tree.k === "object")) touched.set(list.tree, "inserted");
  const index = dice[1] % (list.tree.items.length + 1);
  list.tree.items.splice(index, 0, ...items);
  list.live.splice(index, 0, ...items.map((item) => plain(item.tree)));
}

type Items = { uid: string; tree: Tree }[];

function count(request: Request, dice: Dice, name: string, resetTo?: number): void {
  const object = at(find(request).objects, dice[0]);
  if (!object) return;
  const field = object.tree.fields.get(name);
  if (field && field.k !== "counter" && field.k !== "scalar") return;
  const value = field?.k === "counter" ? field.total : (field?.value ?? 0);
  if (typeof value !== "number") return;
  const by = (dice[2] % 7) - 2;
  const reset = resetTo ?? (field?.k === "counter" ? field.resetTo : undefined);
  const total = resetTo ?? value + by;
  const counter: Tree = { k: "counter", total };
  if (reset !== undefined) counter.resetTo = reset;
  object.tree.fields.set(name, counter);
  object.live[name] = total;
}

/** The actions; each of them may find nothing to do. */
export const ACTIONS = {
  /** Sets an attribute to a scalar. */
  set: (request: Request, dice: Dice): void => put(request, dice, scalar(dice[2])),
  /** Assigns a whole new object, maybe empty. */
  setObject: (request: Request, dice: Dice): void => {
    const fields = new Map<string, Tree>();
    for (let i = 0; i < dice[2] % 3; i++)
      fields.set(NAMES[i] as string, scalar(dice[2] >> (2 + i)));
    put(request, dice, { k: "object", fields });
  },
  /** Assigns a whole new list, maybe empty. */
  setList: (request: Request, dice: Dice): void => {
    const items = dice[2] % 3 === 0 ? [] : elements(request, dice[2] >> 2, true);
    const list: Tree = { k: "list", items };
    // It may stand in place of a list of objects.
    touched.set(list, "removed");
    put(request, dice, list);
  },
  /** Deletes an attribute. */
  delete: (request: Request, dice: Dice): void => {
    const object = at(find(request).objects, dice[0]);
    const name = object && at([...object.tree.fields.keys()].sort(), dice[1]);
    if (!object || name === undefined || name === "id") return;
    object.tree.fields.delete(name);
    Reflect.deleteProperty(object.live, name);
  },
  /** Inserts elements anywhere. */
  insert: (request: Request, dice: Dice): void =>
    insert(request, dice, (isScalar) => elements(request, dice[2], isScalar)),
  /** Appends an element to the list `items`, which is made where it is missing. */
  push: (request: Request, dice: Dice): void => {
    const { tree, live } = request;
    const list = tree.fields.get("items");
    const isReplaced = list?.k === "list" ? touched.get(list) === "removed" : request.hadItems;
    const items = elements(request, dice[2], isReplaced);
    if (list && items.some((item) => item.tree.k === "object")) touched.set(list, "inserted");
    if (list?.k !== "list") {
      const made: Tree = { k: "list", items };
      touched.set(made, isReplaced ? "removed" : "inserted");
      tree.fields.set("items", made);
      live["items"] = items.map((item) => plain(item.tree));
    } else {
      list.items.push(...items);
      (live["items"] as unknown[]).push(...items.map((item) => plain(item.tree)));
    }
  },
  /** Inserts an element that is equal to others; not for runs in which elements are removed. */
  pushEqual: (request: Request, dice: Dice): void => {
    const tree: Tree = { k: "scalar", value: "equal" };
    insert(request, dice, () => [{ uid: request.nextUid(), tree }]);
  },
  /** Removes an element. */
  remove: (request: Request, dice: Dice): void => {
    const list = at(find(request).lists, dice[0]);
    if (!list || list.tree.items.length === 0) return;
    const index = dice[1] % list.tree.items.length;
    if (list.tree.items[index]?.tree.k === "object") {
      if (touched.get(list.tree) === "inserted") return;
      touched.set(list.tree, "removed");
    }
    list.tree.items.splice(index, 1);
    list.live.splice(index, 1);
  },
  /** Moves an element. */
  move: (request: Request, dice: Dice): void => {
    const list = at(find(request).lists, dice[0]);
    const length = list?.tree.items.length ?? 0;
    const from = dice[1] % length;
    // Moving a scalar is a removal and an insertion.
    if (!list || length === 0 || list.tree.items.some(({ tree }) => tree.k !== "object")) return;
    const to = dice[2] % length;
    list.tree.items.splice(to, 0, ...list.tree.items.splice(from, 1));
    list.live.splice(to, 0, ...list.live.splice(from, 1));
  },
  /** Sets a field of an element. */
  edit: (request: Request, dice: Dice): void => {
    const object = at(
      find(request).objects.filter((where) => where.isElement),
      dice[0],
    );
    const name = at(["b", "c", "d"], dice[1]) as string;
    if (!object) return;
    const tree = scalar(dice[2]);
    object.tree.fields.set(name, tree);
    object.live[name] = plain(tree);
  },
  /** Adds to a counter, maybe a negative number. */
  increment: (request: Request, dice: Dice): void =>
    count(request, dice, at(["n", "a"], dice[1]) as string),
  /** Resets a counter. */
  reset: (request: Request, dice: Dice): void =>
    count(request, dice, at(["n", "a"], dice[1]) as string, dice[2] % 3),
} satisfies Record<string, (request: Request, dice: Dice) => void>;
