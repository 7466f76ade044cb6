package dev.tidemark.client.protocol;

import dev.tidemark.wal.api.AppendRefusedException;
import dev.tidemark.wal.api.Damage;
import dev.tidemark.wal.api.DamageException;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.InvalidCallException;
import dev.tidemark.wal.api.OutcomeUnknownException;
import dev.tidemark.wal.api.Remedy;
import dev.tidemark.wal.api.StorageException;
import dev.tidemark.wal.api.UnavailableException;
import dev.tidemark.wal.api.WalException;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A {@link WalException} as it travels. The code goes as text, so that one of a later version can be read: what it means for the data is
 * told by the family, and what to do by the remedy.
 *
 * @param family the type of the exception
 * @param code the name of an {@link ErrorCode}, perhaps of one that is not known here
 * @param remedy what can be done about it
 * @param message without the code in front
 * @param offset the provisional offset, of {@link Family#OUTCOME_UNKNOWN}; else -1
 * @param damage the place, of {@link Family#DAMAGE}; else empty
 */
public record WireError(
        Family family, String code, Remedy remedy, String message, long offset, Optional<Damage> damage) {

    /** The types of {@link WalException}. */
    public enum Family {
        INVALID_CALL(1),
        REFUSED(2),
        OUTCOME_UNKNOWN(3),
        DAMAGE(4),
        UNAVAILABLE(5),
        STORAGE(6);

        private final int code;

        Family(int code) {
            this.code = code;
        }

        int code() {
            return code;
        }

        static @Nullable Family ofCode(int code) {
            return switch (code) {
                case 1 -> INVALID_CALL;
                case 2 -> REFUSED;
                case 3 -> OUTCOME_UNKNOWN;
                case 4 -> DAMAGE;
                case 5 -> UNAVAILABLE;
                case 6 -> STORAGE;
                default -> null;
            };
        }
    }

    /** What an error of no known place names in place of one. */
    private static final Damage NOWHERE = new Damage("", "", -1, -1, -1);

    public WireError {
        Objects.requireNonNull(family, "family");
        Objects.requireNonNull(damage, "damage");
    }

    /** What is told of this exception; its cause and its stack stay here. */
    public static WireError of(WalException error) {
        String code = error.code().name();
        String said = String.valueOf(error.getMessage());
        String message = said.startsWith(code + " ") ? said.substring(code.length() + 1) : said;
        long offset = error instanceof OutcomeUnknownException unknown ? unknown.offset() : -1;
        Optional<Damage> damage =
                error instanceof DamageException damaged ? Optional.of(damaged.damage()) : Optional.empty();
        return new WireError(familyOf(error), code, error.remedy(), message, offset, damage);
    }

    private static Family familyOf(WalException error) {
        if (error instanceof InvalidCallException) {
            return Family.INVALID_CALL;
        }
        if (error instanceof AppendRefusedException) {
            return Family.REFUSED;
        }
        if (error instanceof OutcomeUnknownException) {
            return Family.OUTCOME_UNKNOWN;
        }
        if (error instanceof DamageException) {
            return Family.DAMAGE;
        }
        return error instanceof UnavailableException ? Family.UNAVAILABLE : Family.STORAGE;
    }

    /** The code, when it is one that is known here. */
    public Optional<ErrorCode> knownCode() {
        for (ErrorCode known : ErrorCode.values()) {
            if (known.name().equals(code)) {
                return Optional.of(known);
            }
        }
        return Optional.empty();
    }

    /** The same exception as there; with {@link ErrorCode#CODE_UNKNOWN} and the name in the message, where its code is not known here. */
    public WalException toException() {
        Optional<ErrorCode> known = knownCode();
        ErrorCode here = known.orElse(ErrorCode.CODE_UNKNOWN);
        String said = known.isPresent() ? message : code + " " + message + " (remedy=" + remedy + ')';
        return switch (family) {
            case INVALID_CALL -> new InvalidCallException(here, said);
            case REFUSED -> new AppendRefusedException(here, said);
            case OUTCOME_UNKNOWN -> new OutcomeUnknownException(here, said, offset, null);
            case DAMAGE -> new DamageException(here, said, damage.orElse(NOWHERE), null);
            case UNAVAILABLE -> new UnavailableException(here, said);
            case STORAGE -> new StorageException(here, said);
        };
    }
}
