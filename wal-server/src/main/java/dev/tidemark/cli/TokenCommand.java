package dev.tidemark.cli;

import dev.tidemark.server.security.AccessFileException;
import dev.tidemark.server.security.TokenFile;
import dev.tidemark.server.security.Tokens;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Makes, lists and revokes the tokens with which clients show who they are. */
@Command(
        name = "token",
        mixinStandardHelpOptions = true,
        description = {
            "Makes, lists and revokes the tokens with which clients show a server who they are.",
            "The file keeps no token, only what a token can be tested with. A server that has it open notices within ten seconds."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  wal token --tokens tokens create shop > shop.token",
            "  wal token --tokens tokens create report --expires P90D",
            "  wal token --tokens tokens list",
            "  wal token --tokens tokens revoke shop",
            "  wal serve --data data --tokens tokens"
        })
final class TokenCommand extends ConsoleCommand {
    @Option(names = "--tokens", required = true, paramLabel = "FILE", description = "The file of tokens.")
    @SuppressWarnings("NullAway.Init") // required: set by picocli before the command runs
    private Path file;

    @Parameters(index = "0", paramLabel = "ACTION", description = "One of ${COMPLETION-CANDIDATES}.")
    @SuppressWarnings("NullAway.Init") // required: set by picocli before the command runs
    private Action action;

    @Parameters(
            index = "1",
            arity = "0..1",
            paramLabel = "NAME",
            description = "Whom it is for; with revoke, also the id of one.")
    private @Nullable String name;

    @Option(
            names = "--expires",
            paramLabel = "WHEN",
            description = "With create: for how long it is valid, such as P90D or PT8H. Default: until it is revoked.")
    private Optional<String> expires = Optional.empty();

    @Option(names = "--json", description = "Print an object a line.")
    private boolean isJson;

    /** What is to be done. */
    enum Action {
        CREATE,
        LIST,
        REVOKE;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    TokenCommand(Console console) {
        super(console);
    }

    @Override
    protected ExitCode execute() throws IOException {
        String wanted = name;
        if ((wanted == null) != (action == Action.LIST)) {
            throw usage(action == Action.LIST ? "list takes no name, it shows them all" : action + " needs a NAME");
        }
        if (expires.isPresent() && action != Action.CREATE) {
            throw usage("--expires is for create");
        }
        try {
            if (wanted == null) {
                list();
            } else if (action == Action.CREATE) {
                create(wanted);
            } else {
                return revoke(wanted);
            }
        } catch (AccessFileException e) {
            throw new CommandFailure(
                    ExitCode.FAILED,
                    "TOKENS_UNREADABLE",
                    "no file of tokens: file=" + file + " (" + e.getMessage() + ')',
                    "");
        } catch (NoSuchFileException e) {
            throw new CommandFailure(
                    ExitCode.NOT_FOUND, "TOKENS_UNKNOWN", "no such file: file=" + file, "'wal token create' makes it");
        }
        return ExitCode.OK;
    }

    private static CommandFailure usage(String what) {
        return new CommandFailure(ExitCode.USAGE, "USAGE", what, "see 'wal token --help'");
    }

    private void create(String wanted) throws IOException, AccessFileException {
        if (!Tokens.isName(wanted)) {
            throw usage("a name has 1 to 100 letters, digits, dots, dashes, underscores and at signs: name=" + wanted);
        }
        Instant now = Instant.now();
        Tokens.Created created = Tokens.create(wanted, now, expires.map(given -> end(now, given)), new SecureRandom());
        var unused = new TokenFile(file).change(tokens -> tokens.with(created.entry()));
        if (isJson) {
            out().line(json(created.entry()).put("token", created.token()).toString());
        } else {
            out().line(created.token());
            console().err().println("id=" + created.entry().id() + " name=" + wanted + "; it is shown this once");
        }
    }

    private static Instant end(Instant now, String given) {
        try {
            Duration length = Duration.parse(given);
            if (length.isNegative() || length.isZero()) {
                throw usage("a token is valid for a while: --expires=" + given);
            }
            return now.plus(length);
        } catch (DateTimeParseException | ArithmeticException e) {
            throw usage("no length of time, such as P90D or PT8H: --expires=" + given);
        }
    }

    private void list() throws IOException, AccessFileException {
        Instant now = Instant.now();
        for (Tokens.Entry each : new TokenFile(file).read().all()) {
            if (isJson) {
                out().line(json(each).toString());
            } else {
                String end = each.expires()
                        .map(at -> (each.isOver(now) ? "ended " : "ends ") + at)
                        .orElse("does not end");
                out().line(each.id() + ' ' + each.name() + " made " + each.created() + ' ' + end);
            }
        }
    }

    private static Json json(Tokens.Entry entry) {
        Json json = new Json()
                .put("id", entry.id())
                .put("name", entry.name())
                .put("created", entry.created().toString());
        entry.expires().ifPresent(end -> json.put("expires", end.toString()));
        return json;
    }

    private ExitCode revoke(String wanted) throws IOException, AccessFileException {
        TokenFile tokens = new TokenFile(file);
        int before = tokens.read().all().size();
        int revoked = before - tokens.change(all -> all.without(wanted)).all().size();
        if (revoked == 0) {
            throw new CommandFailure(
                    ExitCode.NOT_FOUND, "TOKEN_UNKNOWN", "no token of this name or id: name=" + wanted, "");
        }
        out().line(
                        isJson
                                ? new Json()
                                        .put("name", wanted)
                                        .put("revoked", revoked)
                                        .toString()
                                : "revoked " + revoked);
        return ExitCode.OK;
    }
}
