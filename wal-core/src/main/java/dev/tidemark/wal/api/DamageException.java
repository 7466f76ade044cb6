package dev.tidemark.wal.api;

import org.jspecify.annotations.Nullable;

/** Acknowledged data are damaged. Nothing was cut away or skipped; the place is told as closely as it is known. */
public final class DamageException extends WalException {
    private static final long serialVersionUID = 1L;

    private final Damage damage;

    /** Damage at a known place. */
    public DamageException(ErrorCode code, String message, Damage damage, @Nullable Throwable cause) {
        super(code, message, cause);
        this.damage = damage;
    }

    /** Where it is, and which offsets it concerns. */
    public Damage damage() {
        return damage;
    }
}
