package dev.tidemark.cli;

import java.util.concurrent.Callable;

/** A command: prints to a console, ends with an exit code. Other modules add theirs through {@link MoreCommands}. */
public abstract class ConsoleCommand implements Callable<Integer> {
    private final Console console;

    /** With the console it prints to. */
    protected ConsoleCommand(Console console) {
        this.console = console;
    }

    @Override
    public final Integer call() throws Exception {
        ExitCode exitCode = execute();
        console.out().flush();
        return exitCode.number();
    }

    /** Does what the command is for. What it throws becomes a line on standard error and an exit code. */
    protected abstract ExitCode execute() throws Exception;

    /** Refuses a number that makes no sense for an option. */
    protected static void requireAtLeast(long least, String option, long value) {
        if (value < least) {
            throw new CommandFailure(
                    ExitCode.USAGE, "USAGE", "the least is " + least + ": " + option + "=" + value, "");
        }
    }

    /** Where it reads and writes. */
    protected final Console console() {
        return console;
    }

    /** Standard output. */
    protected final Output out() {
        return console.out();
    }
}
