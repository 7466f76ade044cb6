package dev.tidemark.server.security;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Who may do what: a file with a line for each permission, {@code RIGHTS PREFIX IDENTITY}. What no line permits is denied. Immutable.
 *
 * <pre>
 * produce,fetch  orders-   token:shop
 * fetch          *         cert:CN=report,O=Example
 * all            *         token:operator
 * fetch          public-   *
 * </pre>
 */
public final class Permissions {
    private static final int MAX_LINES = 10_000;
    private static final String ANY = "*";
    private static final String ALL = "all";

    private final Map<String, List<Rights.Grant>> byIdentity;

    private Permissions(Map<String, List<Rights.Grant>> byIdentity) {
        this.byIdentity = byIdentity;
    }

    /**
     * What a file says.
     *
     * @throws AccessFileException with every line that is wrong, by its number
     */
    static Permissions parse(String text) throws AccessFileException {
        Map<String, List<Rights.Grant>> grants = new HashMap<>();
        List<String> problems = new ArrayList<>();
        int number = 0;
        for (String line : text.split("\n", -1)) {
            number++;
            if (line.isBlank() || line.strip().startsWith("#")) {
                continue;
            }
            String[] fields = line.strip().split("\\s+", 3);
            Set<Rights.Right> rights = rights(fields[0]);
            if (fields.length < 3 || rights.isEmpty() || !isIdentity(fields[2]) || number > MAX_LINES) {
                problems.add("line " + number
                        + " is no permission (produce,fetch,admin,monitor or all; a prefix or *; token:NAME,"
                        + " cert:SUBJECT or *)");
                continue;
            }
            String prefix = fields[1].equals(ANY) ? "" : fields[1];
            grants.computeIfAbsent(fields[2], identity -> new ArrayList<>()).add(new Rights.Grant(rights, prefix));
        }
        if (!problems.isEmpty()) {
            throw new AccessFileException(String.join("; ", problems));
        }
        return new Permissions(grants);
    }

    /** Empty when one of them is none. */
    private static Set<Rights.Right> rights(String words) {
        EnumSet<Rights.Right> rights = EnumSet.noneOf(Rights.Right.class);
        for (String word : words.split(",", -1)) {
            if (word.equals(ALL)) {
                rights.addAll(EnumSet.allOf(Rights.Right.class));
                continue;
            }
            boolean isKnown = false;
            for (Rights.Right right : Rights.Right.values()) {
                if (right.name().toLowerCase(Locale.ROOT).equals(word)) {
                    rights.add(right);
                    isKnown = true;
                }
            }
            if (!isKnown) {
                return Set.of();
            }
        }
        return rights;
    }

    private static boolean isIdentity(String text) {
        return text.equals(ANY)
                || (text.startsWith("token:") && Tokens.isName(text.substring("token:".length())))
                || (text.startsWith("cert:") && text.length() > "cert:".length());
    }

    /** What this one may do. */
    Rights of(Identity identity) {
        List<Rights.Grant> all = new ArrayList<>(byIdentity.getOrDefault(identity.name(), List.of()));
        all.addAll(byIdentity.getOrDefault(ANY, List.of()));
        return new Rights(false, List.copyOf(all));
    }
}
