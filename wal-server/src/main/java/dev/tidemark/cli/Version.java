package dev.tidemark.cli;

import picocli.CommandLine.IVersionProvider;

/** What {@code wal --version} prints: the version of this build, and the Java it runs on. */
final class Version implements IVersionProvider {

    @Override
    public String[] getVersion() {
        // The manifest of the jar has the version; classes that run from a directory have none.
        String built = Main.class.getPackage().getImplementationVersion();
        return new String[] {
            "wal " + (built == null ? "(development build)" : built),
            "java " + System.getProperty("java.version") + " (" + System.getProperty("java.vm.name") + ")"
        };
    }
}
