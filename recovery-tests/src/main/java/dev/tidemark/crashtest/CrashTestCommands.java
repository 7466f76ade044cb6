package dev.tidemark.crashtest;

import dev.tidemark.cli.Console;
import dev.tidemark.cli.ConsoleCommand;
import dev.tidemark.cli.MoreCommands;
import java.util.List;

/** Adds {@code crash-test} to the command line. */
public final class CrashTestCommands implements MoreCommands {

    /** As the service loader makes it. */
    public CrashTestCommands() {}

    @Override
    public List<ConsoleCommand> commands(Console console) {
        return List.of(new CrashTestCommand(console));
    }
}
