package dev.tidemark.cli;

import dev.tidemark.wal.api.PartitionId;
import java.util.ArrayList;
import java.util.List;
import java.util.ServiceLoader;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/**
 * The command {@code wal}: the root of the command line. Without a command it prints its help and ends with
 * the exit code of a wrong call, so that a script notices.
 */
@Command(
        name = "wal",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        synopsisSubcommandLabel = "COMMAND",
        description = "An embedded, partitioned write-ahead log: look at a store, check it, try it.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  wal demo",
            "  wal produce --data data orders-0 < lines.txt",
            "  wal fetch --data data orders-0",
            "  wal serve --data data",
            "  wal verify --data data"
        })
public final class Main implements Runnable {

    @Mixin
    private final GlobalOptions options = new GlobalOptions();

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli before run
    private CommandSpec spec;

    /** The command line as picocli sees it, ready to execute. */
    static CommandLine commandLine(Console console) {
        CommandLine root = new CommandLine(new Main());
        for (ConsoleCommand command : commands(console)) {
            root.addSubcommand(command);
        }
        ErrorReport errors = new ErrorReport(console);
        root.setCaseInsensitiveEnumValuesAllowed(true)
                .registerConverter(PartitionId.class, PartitionId::parse)
                .setOut(console.out().writer())
                .setErr(console.err())
                .setColorScheme(
                        CommandLine.Help.defaultColorScheme(console.paint().isOn() ? Ansi.ON : Ansi.OFF))
                .setParameterExceptionHandler(errors)
                .setExecutionExceptionHandler(errors);
        for (CommandLine each : allOf(root)) {
            each.getCommandSpec().versionProvider(new Version());
            // Serving tells everything that is wrong with its configuration at once, wherever that comes from.
            each.getCommandSpec().parser().collectErrors(each.getCommand() instanceof ServeCommand);
            each.getCommandSpec()
                    .usageMessage()
                    .exitCodeListHeading("%nExit codes:%n")
                    .exitCodeList(ExitCode.table());
        }
        return root;
    }

    private static List<ConsoleCommand> commands(Console console) {
        List<ConsoleCommand> commands = new ArrayList<>(ownCommands(console));
        for (MoreCommands others : ServiceLoader.load(MoreCommands.class, Main.class.getClassLoader())) {
            commands.addAll(others.commands(console));
        }
        return commands;
    }

    private static List<ConsoleCommand> ownCommands(Console console) {
        return List.of(
                new DemoCommand(console),
                new StatCommand(console),
                new VerifyCommand(console),
                new RepairCommand(console),
                new DumpCommand(console),
                new ProduceCommand(console),
                new FetchCommand(console),
                new TailCommand(console),
                new TrimCommand(console),
                new TruncateCommand(console),
                new CheckpointCommand(console),
                new BackupCommand(console),
                new PartitionsCommand(console),
                new BenchCommand(console),
                new ServeCommand(console),
                new TokenCommand(console),
                new DemoWriterCommand(console));
    }

    private static List<CommandLine> allOf(CommandLine root) {
        List<CommandLine> all = new ArrayList<>(root.getSubcommands().values());
        all.add(root);
        return all;
    }

    /** Runs one command and returns its exit code. */
    public static int run(Console console, String... args) {
        int exitCode = commandLine(console).execute(args);
        try {
            console.out().flush();
        } catch (OutputClosedException e) {
            return ExitCode.PIPE_CLOSED.number();
        } catch (CommandFailure e) {
            console.err().println("wal: " + e.getMessage());
            return e.exitCode().number();
        }
        return exitCode;
    }

    /** Runs one command and ends the JVM with its exit code. */
    public static void main(String[] args) {
        System.exit(run(Console.ofProcess(), args));
    }

    @Override
    public void run() {
        throw new CommandLine.ParameterException(spec.commandLine(), "a command is missing");
    }

    GlobalOptions options() {
        return options;
    }
}
