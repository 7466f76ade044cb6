package dev.tidemark.cli;

import java.util.List;

/**
 * Commands of another module. {@link java.util.ServiceLoader} finds them on the class path, so the command line has them where that module is
 * there, and knows nothing of it where it is not.
 */
public interface MoreCommands {
    /** New commands that print to this console. Each has the annotation that gives it its name, its help and its examples. */
    List<ConsoleCommand> commands(Console console);
}
