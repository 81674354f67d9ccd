import Foundation

/// A value that must not leak: a private key, a password. It prints as `Secret(..)` and is read only through `expose`.
public struct Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let bytes: Data

    /// A secret of these octets.
    public init(_ bytes: Data) {
        self.bytes = bytes
    }

    /// A secret of this text, as UTF-8.
    public init(text: String) {
        bytes = Data(text.utf8)
    }

    /// The octets themselves. Every call of this is a place to check in a review.
    public func expose() -> Data {
        return bytes
    }

    /// The octets as UTF-8 text.
    public func exposeText() -> String {
        return String(decoding: bytes, as: UTF8.self)
    }

    public var description: String { return "Secret(..)" }
    public var debugDescription: String { return description }
    public var customMirror: Mirror { return Mirror(self, children: [:]) }
}

/// Whole seconds since 1970; moments beyond what 64 bits hold become the last one there is.
func secondsSince1970(_ date: Date) -> Int64 {
    let seconds = date.timeIntervalSince1970.rounded(.down)
    if seconds.isNaN { return 0 }
    if seconds >= 9_223_372_036_854_774_784 { return Int64.max }
    if seconds <= -9_223_372_036_854_774_784 { return Int64.min }
    return Int64(seconds)
}
