#!/usr/bin/env node
/**
 * The binary `session-mesh`: chooses the verb.
 *
 * Not here: what a verb does (serve.ts and others).
 */
import { serve } from "./serve.js";

await serve(process.argv.slice(2));
