package dev.tidemark.server.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TokensTest {
    private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");

    @TempDir
    private Path directory;

    private static Tokens.Created make(String name, Optional<Instant> expires) {
        return Tokens.create(name, NOW, expires, new SecureRandom());
    }

    @Test
    void tokenThatWasMade_isKnownByTheFile_whichDoesNotHoldIt() throws AccessFileException {
        Tokens.Created shop = make("shop", Optional.empty());
        Tokens.Created report = make("report", Optional.of(NOW.plusSeconds(60)));
        String file = Tokens.none().with(shop.entry()).with(report.entry()).format();
        Tokens read = Tokens.parse(file);
        assertThat(read.all()).containsExactly(shop.entry(), report.entry());
        assertThat(read.verify(shop.token(), NOW)).contains(shop.entry());
        assertThat(read.verify(report.token(), NOW.plusSeconds(59))).contains(report.entry());
        String secret = shop.token().substring(shop.token().length() - 43);
        assertThat(file).doesNotContain(secret);
        assertThat(shop.toString()).doesNotContain(secret);
    }

    @Test
    void tokenThatIsOverOrRevoked_isNotKnown() {
        Tokens.Created shop = make("shop", Optional.of(NOW.plusSeconds(60)));
        Tokens tokens = Tokens.none().with(shop.entry());
        assertThat(tokens.verify(shop.token(), NOW.plusSeconds(60))).isEmpty();
        assertThat(tokens.isValid(shop.entry().id(), NOW.plusSeconds(59))).isTrue();
        assertThat(tokens.isValid(shop.entry().id(), NOW.plusSeconds(60))).isFalse();
        assertThat(tokens.without("shop").verify(shop.token(), NOW)).isEmpty();
        assertThat(tokens.without(shop.entry().id()).verify(shop.token(), NOW)).isEmpty();
        assertThat(tokens.without("other").verify(shop.token(), NOW)).isPresent();
    }

    @Test
    void anyOtherText_isNoToken() {
        Tokens.Created shop = make("shop", Optional.empty());
        Tokens.Created stranger = make("stranger", Optional.empty());
        Tokens tokens = Tokens.none().with(shop.entry());
        String good = shop.token();
        for (int i = 0; i < good.length(); i++) {
            char other = good.charAt(i) == 'b' ? 'c' : 'b';
            String changed = good.substring(0, i) + other + good.substring(i + 1);
            assertThat(tokens.verify(changed, NOW)).as(changed).isEmpty();
            assertThat(tokens.verify(good.substring(0, i), NOW)).isEmpty();
        }
        assertThat(tokens.verify(stranger.token(), NOW)).isEmpty();
        assertThat(tokens.verify(good + '=', NOW)).isEmpty();
        assertThat(tokens.verify(shop.entry().hash(), NOW)).isEmpty();
        assertThat(tokens.verify("tdm_0000000000000000_" + "A".repeat(43), NOW)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "nonsense",
                "0123456789abcdef 00 2026-03-01T12:00:00Z never shop",
                "0123456789abcdef HASH 2026-03-01T12:00:00Z sometime shop",
                "0123456789abcdef HASH yesterday never shop",
                "0123456789abcdef HASH 2026-03-01T12:00:00Z never a/b",
                "0123456789abcdef HASH 2026-03-01T12:00:00Z never a\n0123456789abcdef HASH 2026-03-01T12:00:00Z never b"
            })
    void lineThatIsNone_isAProblemOfTheWholeFile_withoutItsText(String line) {
        String text = "# tokens\n\n" + line.replace("HASH", "0".repeat(64));
        assertThatThrownBy(() -> Tokens.parse(text))
                .isInstanceOf(AccessFileException.class)
                .message()
                .containsAnyOf("line 3", "twice")
                .doesNotContain("nonsense");
    }

    @Test
    void file_isForItsOwnerOnly_andChangedAsAWhole() throws IOException, AccessFileException {
        Path place = directory.resolve("tokens");
        TokenFile file = new TokenFile(place);
        Tokens.Created shop = make("shop", Optional.of(NOW.plus(Duration.ofDays(1))));
        assertThat(file.change(tokens -> tokens.with(shop.entry())).all()).hasSize(1);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(place)))
                .isEqualTo("rw-------");
        assertThat(file.read().verify(shop.token(), NOW)).contains(shop.entry());
        assertThat(file.change(tokens -> tokens.without("shop")).all()).isEmpty();
        Files.writeString(place, "broken");
        assertThatThrownBy(() -> file.change(tokens -> tokens)).isInstanceOf(AccessFileException.class);
        assertThat(place).hasContent("broken");
    }

    /** The administrator who changes it is not the server that reads it. */
    @Test
    void changedFile_belongsToWhomItBelongedBefore() throws IOException, AccessFileException {
        Path place = directory.resolve("tokens");
        TokenFile file = new TokenFile(place);
        var unused =
                file.change(tokens -> tokens.with(make("shop", Optional.empty()).entry()));
        Files.setPosixFilePermissions(place, PosixFilePermissions.fromString("rw-r-----"));
        boolean isRoot = Files.getOwner(place).getName().equals("root");
        UserPrincipal server = isRoot
                ? place.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName("nobody")
                : Files.getOwner(place);
        Files.setOwner(place, server);

        unused = file.change(tokens -> tokens.without("shop"));

        assertThat(Files.getOwner(place)).isEqualTo(server);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(place)))
                .isEqualTo("rw-r-----");
    }

    @Test
    void changeBesideAnother_isRefused() throws IOException, AccessFileException {
        TokenFile file = new TokenFile(directory.resolve("tokens"));
        var unused = file.change(tokens -> {
            assertThatThrownBy(() -> file.change(inner -> inner)).hasMessageContaining("is changing the tokens");
            return tokens;
        });
    }
}
