/**
 * `@session-mesh/tomcat`: the jars that keep Tomcat's sessions in the mesh, and how they are made.
 *
 * Not the manager itself: that is Java, in `java/sessionmesh/tomcat`.
 */
export { placeJars } from "./place-jars.js";
export {
  compileJar,
  librariesOf,
  TOMCATS,
  TomcatJarError,
  tomcatLibraries,
  type TomcatRelease,
} from "./compile-jar.js";
