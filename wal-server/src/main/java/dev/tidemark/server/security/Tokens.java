package dev.tidemark.server.security;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The tokens that are valid, and the file that keeps them: a line each, with the hash of the secret in place of the secret. Immutable.
 *
 * <p>A token is {@code tdm_<id>_<secret>}, the secret of 32 random bytes: too many to guess, so a plain hash hides it. Whether a token is good takes the same time wherever it differs
 * from the one that would be, and whether there is one of its id.
 */
public final class Tokens {
    private static final int MAX_TOKENS = 10_000;
    private static final int ID_BYTES = 8;
    private static final int SECRET_BYTES = 32;
    private static final Pattern TOKEN = Pattern.compile("tdm_([0-9a-f]{16})_([A-Za-z0-9_-]{43})");
    private static final Pattern LINE =
            Pattern.compile("([0-9a-f]{16}) ([0-9a-f]{64}) (\\S{1,40}) (\\S{1,40}) ([A-Za-z0-9._@-]{1,100})");
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._@-]{1,100}");
    private static final String NEVER = "never";
    private static final String HEAD =
            "# Tidemark: tokens. Written by 'wal token'; id, SHA-256 of the secret, made at, ends at, name.\n";
    /** What the hash of an unknown token is compared with. */
    private static final byte[] NOTHING = new byte[SECRET_BYTES];

    private final Map<String, Entry> byId;

    private Tokens(Collection<Entry> entries) {
        byId = new LinkedHashMap<>();
        entries.forEach(entry -> byId.put(entry.id, entry));
    }

    /**
     * What is kept of a token.
     *
     * @param hash SHA-256 of its secret, in hexadecimal
     */
    public record Entry(String id, String hash, Instant created, Optional<Instant> expires, String name) {
        /** Whether it is not valid any more at this time. */
        public boolean isOver(Instant now) {
            return expires.isPresent() && !now.isBefore(expires.get());
        }
    }

    /** A token that was just made: the only place where its secret ever is. */
    public static final class Created {
        private final Entry entry;
        private final String token;

        private Created(Entry entry, String token) {
            this.entry = entry;
            this.token = token;
        }

        /** What is to be kept. */
        public Entry entry() {
            return entry;
        }

        /** What its bearer gets. */
        public String token() {
            return token;
        }

        @Override
        public String toString() {
            return "Created[" + entry + ", its token is not shown]";
        }
    }

    /** None. */
    public static Tokens none() {
        return new Tokens(List.of());
    }

    /** Whether this can be the name of a token. */
    public static boolean isName(String name) {
        return NAME.matcher(name).matches();
    }

    /** A new one, which is valid once it is in the file. */
    public static Created create(String name, Instant now, Optional<Instant> expires, RandomGenerator random) {
        if (!isName(name)) {
            throw new IllegalArgumentException("no name of a token: name=" + name);
        }
        byte[] id = new byte[ID_BYTES];
        byte[] secret = new byte[SECRET_BYTES];
        random.nextBytes(id);
        random.nextBytes(secret);
        String idText = HexFormat.of().formatHex(id);
        String secretText = Base64.getUrlEncoder().withoutPadding().encodeToString(secret);
        Entry entry = new Entry(
                idText,
                HexFormat.of().formatHex(hashOf(secretText)),
                now.truncatedTo(ChronoUnit.SECONDS),
                expires.map(end -> end.truncatedTo(ChronoUnit.SECONDS)),
                name);
        return new Created(entry, "tdm_" + idText + '_' + secretText);
    }

    private static byte[] hashOf(String secret) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(secret.getBytes(StandardCharsets.US_ASCII));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has it", e);
        }
    }

    // ---------------------------------------------------------------- the file

    /**
     * What a file says.
     *
     * @throws AccessFileException with every line that is wrong, by its number
     */
    static Tokens parse(String text) throws AccessFileException {
        List<Entry> entries = new ArrayList<>();
        List<String> problems = new ArrayList<>();
        int number = 0;
        for (String line : text.split("\n", -1)) {
            number++;
            if (line.isBlank() || line.startsWith("#")) {
                continue;
            }
            Matcher fields = LINE.matcher(line.strip());
            try {
                if (!fields.matches()) {
                    problems.add("line " + number + " is no token");
                } else if (entries.size() < MAX_TOKENS) {
                    String end = fields.group(4);
                    entries.add(new Entry(
                            fields.group(1),
                            fields.group(2),
                            Instant.parse(fields.group(3)),
                            end.equals(NEVER) ? Optional.empty() : Optional.of(Instant.parse(end)),
                            fields.group(5)));
                } else {
                    problems.add("more than " + MAX_TOKENS + " tokens");
                    break;
                }
            } catch (DateTimeParseException e) {
                problems.add("line " + number + " has a time that is none");
            }
        }
        Tokens tokens = new Tokens(entries);
        if (tokens.byId.size() < entries.size()) {
            problems.add("an id is there twice");
        }
        if (!problems.isEmpty()) {
            throw new AccessFileException(String.join("; ", problems));
        }
        return tokens;
    }

    /** The same as a file. */
    String format() {
        StringBuilder text = new StringBuilder(HEAD);
        for (Entry each : byId.values()) {
            text.append(each.id)
                    .append(' ')
                    .append(each.hash)
                    .append(' ')
                    .append(each.created)
                    .append(' ')
                    .append(each.expires.map(Instant::toString).orElse(NEVER))
                    .append(' ')
                    .append(each.name)
                    .append('\n');
        }
        return text.toString();
    }

    // ---------------------------------------------------------------- in use

    /** All, in the order in which they were made. */
    public List<Entry> all() {
        return List.copyOf(byId.values());
    }

    /** The same with one more. */
    public Tokens with(Entry added) {
        List<Entry> entries = new ArrayList<>(byId.values());
        entries.add(added);
        return new Tokens(entries);
    }

    /** The same without those of this name or id. */
    public Tokens without(String nameOrId) {
        return new Tokens(byId.values().stream()
                .filter(each -> !each.name.equals(nameOrId) && !each.id.equals(nameOrId))
                .toList());
    }

    /** The one that this is, if it is one that is valid. */
    Optional<Entry> verify(String presented, Instant now) {
        Matcher token = TOKEN.matcher(presented);
        if (!token.matches()) {
            return Optional.empty();
        }
        Entry entry = byId.get(token.group(1));
        byte[] expected = entry == null ? NOTHING : HexFormat.of().parseHex(entry.hash);
        boolean isSame = MessageDigest.isEqual(expected, hashOf(token.group(2)));
        return entry != null && isSame && !entry.isOver(now) ? Optional.of(entry) : Optional.empty();
    }

    /** Whether the one of this id is still valid. */
    boolean isValid(String id, Instant now) {
        Entry entry = byId.get(id);
        return entry != null && !entry.isOver(now);
    }
}
