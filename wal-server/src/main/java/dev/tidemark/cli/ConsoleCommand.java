package dev.tidemark.cli;

import java.util.concurrent.Callable;

/** A command: prints to a console, ends with an exit code. */
abstract class ConsoleCommand implements Callable<Integer> {
    private final Console console;

    ConsoleCommand(Console console) {
        this.console = console;
    }

    @Override
    public final Integer call() throws Exception {
        ExitCode exitCode = execute();
        console.out().flush();
        return exitCode.number();
    }

    abstract ExitCode execute() throws Exception;

    /** Refuses a number that makes no sense for an option. */
    static void requireAtLeast(long least, String option, long value) {
        if (value < least) {
            throw new CommandFailure(
                    ExitCode.USAGE, "USAGE", "the least is " + least + ": " + option + "=" + value, "");
        }
    }

    final Console console() {
        return console;
    }

    final Output out() {
        return console.out();
    }
}
