package dev.tidemark.soak;

import dev.tidemark.cli.Console;
import dev.tidemark.cli.ConsoleCommand;
import dev.tidemark.cli.MoreCommands;
import java.util.List;

/** Adds {@code soak} to the command line. */
public final class SoakCommands implements MoreCommands {

    /** As the service loader makes it. */
    public SoakCommands() {}

    @Override
    public List<ConsoleCommand> commands(Console console) {
        return List.of(new SoakCommand(console));
    }
}
