using System.Formats.Asn1;
using System.Security.Cryptography;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Crypto.Utilities;
using Org.BouncyCastle.Math.EC.Rfc8032;

namespace PodExecutor.BuildKit.Ssh;

/// <summary>A private key that signs for SSH: RSA, ECDSA on NIST's curves, Ed25519.</summary>
internal abstract class SshKey
{
    /// <summary>The public key in SSH's own format.</summary>
    public abstract byte[] PublicBlob { get; }

    private const string Ed25519Oid = "1.3.101.112";

    /// <summary>What lists of keys call it.</summary>
    public const string Comment = "build key";

    /// <summary>In SSH's own format: the algorithm's name and the signature.</summary>
    /// <param name="flags">Of the agent protocol: which hash an RSA signature has.</param>
    public abstract byte[] Sign(ReadOnlySpan<byte> data, uint flags);

    /// <param name="text">A PEM file: OpenSSH's format, PKCS#1, SEC1 or PKCS#8.</param>
    /// <exception cref="FormatException">It is none, it has a passphrase, or its kind is not known. The message does not quote it.</exception>
    public static SshKey Parse(string text)
    {
        const string openSshLabel = "OPENSSH PRIVATE KEY";
        if (!PemEncoding.TryFind(text, out var fields))
        {
            throw new FormatException("The SSH key is no private key in PEM form: it has no line \"-----BEGIN … PRIVATE KEY-----\".");
        }

        var label = text[fields.Label];
        if (label.StartsWith("ENCRYPTED", StringComparison.Ordinal) || text.Contains("Proc-Type: 4,ENCRYPTED", StringComparison.Ordinal))
        {
            throw Encrypted();
        }

        try
        {
            return label switch
            {
                openSshLabel => FromOpenSsh(Convert.FromBase64String(text[fields.Base64Data])),
                "RSA PRIVATE KEY" => new Rsa(RSA.Create, text),
                "EC PRIVATE KEY" => new Ecdsa(ECDsa.Create, text),
                _ => FromPkcs8(text, Convert.FromBase64String(text[fields.Base64Data])),
            };
        }
        catch (Exception error) when (error is CryptographicException or AsnContentException or ArgumentException or InvalidOperationException or IOException)
        {
            throw new FormatException($"The SSH key ({label}) cannot be read: {error.Message}", error);
        }
    }

    private static SshKey FromPkcs8(string text, byte[] der)
    {
        // RFC 8410: version, algorithm, and the seed as an octet string in an octet string; .NET does not know the algorithm
        var info = new AsnReader(der, AsnEncodingRules.BER).ReadSequence();
        _ = info.ReadInteger();
        if (info.ReadSequence().ReadObjectIdentifier() == Ed25519Oid)
        {
            return new EdDsa(new Ed25519PrivateKeyParameters(new AsnReader(info.ReadOctetString(), AsnEncodingRules.BER).ReadOctetString()));
        }

        try
        {
            return new Rsa(RSA.Create, text);
        }
        catch (CryptographicException)
        {
            return new Ecdsa(ECDsa.Create, text);
        }
    }

    private static SshKey FromOpenSsh(byte[] blob)
    {
        AsymmetricKeyParameter key;
        try
        {
            key = OpenSshPrivateKeyUtilities.ParsePrivateKeyBlob(blob);
        }
        catch (InvalidOperationException)
        {
            throw Encrypted();   // what the library says of a cipher other than "none"
        }

        return key switch
        {
            Ed25519PrivateKeyParameters ed25519 => new EdDsa(ed25519),
            RsaPrivateCrtKeyParameters rsa => new Rsa(rsa),
            ECPrivateKeyParameters ec => new Ecdsa(ec),
            _ => throw new FormatException($"The SSH key is of a kind that is not known here ({key.GetType().Name}): use Ed25519, ECDSA or RSA."),
        };
    }

    private static FormatException Encrypted() => new("The SSH key has a passphrase: use a key without one, or an SSH agent that holds the key.");

    /// <summary>Two strings: also the form of a public key that is one string of bytes.</summary>
    private static byte[] Signature(string algorithm, ReadOnlySpan<byte> signature)
    {
        var writer = new SshWriter();
        writer.WriteString(algorithm);
        writer.WriteString(signature);
        return writer.ToArray();
    }

    private sealed class EdDsa(Ed25519PrivateKeyParameters key) : SshKey
    {
        private const string Name = "ssh-ed25519";

        private readonly byte[] _seed = key.GetEncoded();

        public override byte[] PublicBlob { get; } = Signature(Name, key.GeneratePublicKey().GetEncoded());

        public override byte[] Sign(ReadOnlySpan<byte> data, uint flags)
        {
            var message = data.ToArray();
            var signature = new byte[Ed25519.SignatureSize];
            Ed25519.Sign(_seed, 0, message, 0, message.Length, signature, 0);
            return Signature(Name, signature);
        }
    }

    private sealed class Rsa : SshKey
    {
        private const uint Sha256Flag = 2;
        private const uint Sha512Flag = 4;

        private readonly RSA _key;

        public Rsa(Func<RSA> create, string pem)
            : this(create())
        {
            _key.ImportFromPem(pem);
            PublicBlob = Blob(_key.ExportParameters(includePrivateParameters: false));
        }

        public Rsa(RsaPrivateCrtKeyParameters key)
            : this(RSA.Create())
        {
            var size = (key.Modulus.BitLength + 7) / 8;
            var half = (size + 1) / 2;
            _key.ImportParameters(new RSAParameters
            {
                Modulus = key.Modulus.ToByteArrayUnsigned(),
                Exponent = key.PublicExponent.ToByteArrayUnsigned(),
                D = Padded(key.Exponent.ToByteArrayUnsigned(), size),
                P = Padded(key.P.ToByteArrayUnsigned(), half),
                Q = Padded(key.Q.ToByteArrayUnsigned(), half),
                DP = Padded(key.DP.ToByteArrayUnsigned(), half),
                DQ = Padded(key.DQ.ToByteArrayUnsigned(), half),
                InverseQ = Padded(key.QInv.ToByteArrayUnsigned(), half),
            });
            PublicBlob = Blob(_key.ExportParameters(includePrivateParameters: false));
        }

        private Rsa(RSA key)
        {
            _key = key;
            PublicBlob = [];
        }

        public override byte[] PublicBlob { get; }

        public override byte[] Sign(ReadOnlySpan<byte> data, uint flags)
        {
#pragma warning disable CA5350 // SHA-1 only where the server asks for the old algorithm
            var (name, hash) = (flags & Sha512Flag) != 0 ? ("rsa-sha2-512", HashAlgorithmName.SHA512)
                : (flags & Sha256Flag) != 0 ? ("rsa-sha2-256", HashAlgorithmName.SHA256)
                : ("ssh-rsa", HashAlgorithmName.SHA1);
#pragma warning restore CA5350
            return Signature(name, _key.SignData(data.ToArray(), hash, RSASignaturePadding.Pkcs1));
        }

        private static byte[] Blob(RSAParameters key)
        {
            var writer = new SshWriter();
            writer.WriteString("ssh-rsa");
            writer.WriteNumber(key.Exponent);
            writer.WriteNumber(key.Modulus);
            return writer.ToArray();
        }
    }

    private sealed class Ecdsa : SshKey
    {
        private readonly ECDsa _key;

        private readonly string _name;

        private readonly HashAlgorithmName _hash;

        public Ecdsa(Func<ECDsa> create, string pem)
            : this(Imported(create(), key => key.ImportFromPem(pem)))
        {
        }

        public Ecdsa(ECPrivateKeyParameters key)
            : this(Imported(ECDsa.Create(), imported =>
            {
                var size = (key.Parameters.N.BitLength + 7) / 8;
                var point = key.Parameters.G.Multiply(key.D).Normalize();
                imported.ImportParameters(new ECParameters
                {
                    Curve = CurveOf(key.Parameters.N.BitLength),
                    D = Padded(key.D.ToByteArrayUnsigned(), size),
                    Q = new ECPoint
                    {
                        X = Padded(point.AffineXCoord.ToBigInteger().ToByteArrayUnsigned(), size),
                        Y = Padded(point.AffineYCoord.ToBigInteger().ToByteArrayUnsigned(), size),
                    },
                });
            }))
        {
        }

        private Ecdsa(ECDsa key)
        {
            _key = key;
            var (curve, hash) = key.KeySize switch
            {
                256 => ("nistp256", HashAlgorithmName.SHA256),
                384 => ("nistp384", HashAlgorithmName.SHA384),
                _ => ("nistp521", HashAlgorithmName.SHA512),
            };
            _name = "ecdsa-sha2-" + curve;
            _hash = hash;
            var q = key.ExportParameters(includePrivateParameters: false).Q;
            var writer = new SshWriter();
            writer.WriteString(_name);
            writer.WriteString(curve);
            writer.WriteString([0x04, .. q.X!, .. q.Y!]);   // uncompressed
            PublicBlob = writer.ToArray();
        }

        public override byte[] PublicBlob { get; }

        public override byte[] Sign(ReadOnlySpan<byte> data, uint flags)
        {
            var signature = _key.SignData(data.ToArray(), _hash, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
            var writer = new SshWriter();
            writer.WriteNumber(signature.AsSpan(0, signature.Length / 2));
            writer.WriteNumber(signature.AsSpan(signature.Length / 2));
            return Signature(_name, writer.ToArray());
        }

        private static ECDsa Imported(ECDsa key, Action<ECDsa> import)
        {
            import(key);
            return key;
        }

        private static ECCurve CurveOf(int bits) => bits switch
        {
            256 => ECCurve.NamedCurves.nistP256,
            384 => ECCurve.NamedCurves.nistP384,
            _ => ECCurve.NamedCurves.nistP521,
        };
    }

    private static byte[] Padded(byte[] value, int size) => value.Length >= size ? value : [.. new byte[size - value.Length], .. value];
}
