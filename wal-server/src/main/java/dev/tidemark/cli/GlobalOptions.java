package dev.tidemark.cli;

import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** Options that every command has. */
final class GlobalOptions {
    /** Read by logback.xml, when the first class that logs is loaded. */
    static final String LEVEL_PROPERTY = "tidemark.log.level";

    private static final String EXCEPTIONS_PROPERTY = "tidemark.log.exceptions";

    private boolean wantsStackTrace;

    @Option(
            names = "--stacktrace",
            scope = ScopeType.INHERIT,
            description = "With an error, print where in the program it happened.")
    void setStackTrace(boolean isWanted) {
        wantsStackTrace = isWanted;
        if (isWanted) {
            System.setProperty(EXCEPTIONS_PROPERTY, "%ex");
        }
    }

    @Option(
            names = {"-v", "--verbose"},
            scope = ScopeType.INHERIT,
            description = "Log what the store does (INFO), to standard error. Without it only warnings.")
    void setVerbose(boolean isVerbose) {
        if (isVerbose) {
            System.setProperty(LEVEL_PROPERTY, "INFO");
        }
    }

    boolean wantsStackTrace() {
        return wantsStackTrace;
    }

    /** Those that were given with a command or above it. */
    static GlobalOptions of(CommandLine command) {
        CommandLine root = command;
        while (root.getParent() != null) {
            root = root.getParent();
        }
        Main main = root.getCommand();
        return main.options();
    }
}
