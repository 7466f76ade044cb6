package dev.tidemark.cli;

import dev.tidemark.wal.api.WalException;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.concurrent.CompletionException;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * Turns whatever ends a command into two lines on standard error, {@code wal: CODE what happened} and what to do, and an exit code. A stack trace
 * only on request.
 */
final class ErrorReport implements IExecutionExceptionHandler, IParameterExceptionHandler {
    private final Console console;

    ErrorReport(Console console) {
        this.console = console;
    }

    @Override
    public int handleExecutionException(Exception thrown, CommandLine command, ParseResult parsed) {
        Exception error =
                thrown instanceof CompletionException && thrown.getCause() instanceof Exception cause ? cause : thrown;
        if (error instanceof OutputClosedException) {
            return ExitCode.PIPE_CLOSED.number();
        }
        boolean wantsStackTrace = GlobalOptions.of(command).wantsStackTrace();
        if (error instanceof WalException failure) {
            print(String.valueOf(failure.getMessage()), Advice.on(failure));
            return trace(error, wantsStackTrace, ExitCode.of(failure));
        }
        if (error instanceof CommandFailure failure) {
            print(String.valueOf(failure.getMessage()), failure.hint());
            return trace(error, wantsStackTrace, failure.exitCode());
        }
        if (error instanceof IOException) {
            print("IO_FAILED " + described(error), "check the path, its permissions and the disk");
            return trace(error, wantsStackTrace, ExitCode.FAILED);
        }
        print(
                "UNEXPECTED " + described(error),
                "this is a defect of wal: run it again with --stacktrace and report it");
        return trace(error, wantsStackTrace, ExitCode.FAILED);
    }

    @Override
    public int handleParseException(ParameterException error, String[] args) {
        String command = error.getCommandLine().getCommandSpec().qualifiedName();
        // The name of a partition is checked by the engine, which has a code of its own for it.
        if (error.getCause() instanceof WalException failure) {
            print(String.valueOf(failure.getMessage()), Advice.on(failure));
            return ExitCode.of(failure).number();
        }
        print("USAGE " + firstLine(String.valueOf(error.getMessage())), "see '" + command + " --help'");
        UnmatchedArgumentException.printSuggestions(error, console.err());
        return ExitCode.USAGE.number();
    }

    private void print(String line, String hint) {
        Paint paint = console.errPaint();
        console.err().println(paint.red("wal: ") + line.replaceAll("\\s*\\R\\s*", " "));
        if (!hint.isEmpty()) {
            console.err().println(paint.faint("     " + hint));
        }
    }

    private int trace(Exception error, boolean isWanted, ExitCode exitCode) {
        if (isWanted) {
            PrintWriter err = console.err();
            error.printStackTrace(err);
            err.flush();
        }
        return exitCode.number();
    }

    /** Exceptions of the JDK often say no more than a path: their name is half of the message. */
    private static String described(Exception error) {
        String message = error.getMessage();
        String name = error.getClass().getSimpleName();
        return message == null ? name : name + ": " + message;
    }

    private static String firstLine(String text) {
        return text.lines().findFirst().orElse("");
    }
}
