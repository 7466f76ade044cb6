package dev.tidemark.cli;

/** Ends a command with one line that says what is wrong, one that says what to do, and an exit code. */
public final class CommandFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final ExitCode exitCode;
    private final String hint;

    /**
     * A reason to end.
     *
     * @param exitCode how the process ends
     * @param code what is wrong, in capitals, as {@code ErrorCode} does for the engine's errors
     * @param message the rest of the line
     * @param hint what to do; may be empty
     */
    public CommandFailure(ExitCode exitCode, String code, String message, String hint) {
        super(code + " " + message);
        this.exitCode = exitCode;
        this.hint = hint;
    }

    ExitCode exitCode() {
        return exitCode;
    }

    String hint() {
        return hint;
    }
}
