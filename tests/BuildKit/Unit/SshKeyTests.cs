using System.Security.Cryptography;
using PodExecutor.BuildKit;
using PodExecutor.BuildKit.Ssh;

namespace PodExecutor.Tests.BuildKitClient.Unit;

public sealed class SshKeyTests
{
    [Theory]
    [InlineData("ecdsa")]
    [InlineData("rsa")]
    public void Key_InPem_SignsWhatItsPublicHalfVerifies(string kind)
    {
        var data = "to be signed"u8.ToArray();
        if (kind == "rsa")
        {
            using var rsa = RSA.Create(2048);
            var signature = Blob(SshKey.Parse(rsa.ExportPkcs8PrivateKeyPem()).Sign(data, flags: 4), "rsa-sha2-512");
            Assert.True(rsa.VerifyData(data, signature, HashAlgorithmName.SHA512, RSASignaturePadding.Pkcs1));
        }
        else
        {
            using var ec = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var numbers = new SshReader(Blob(SshKey.Parse(ec.ExportECPrivateKeyPem()).Sign(data, 0), "ecdsa-sha2-nistp256"));
            Assert.True(numbers.TryReadString(out var r));
            Assert.True(numbers.TryReadString(out var s));
            byte[] signature = [.. Fixed(r), .. Fixed(s)];
            Assert.True(ec.VerifyData(data, signature, HashAlgorithmName.SHA256));
        }

        static byte[] Fixed(ReadOnlySpan<byte> number)
        {
            var value = number.TrimStart((byte)0);
            var all = new byte[32];
            value.CopyTo(all.AsSpan(32 - value.Length));
            return all;
        }
    }

    /// <summary>A key file made by hand of a known seed (RFC 8032, 7.1, test 1), and the signature of its empty message.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Key_OfEd25519_SignsAsTheRfcSays(bool isPkcs8)
    {
        var seed = Convert.FromHexString("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
        var publicKey = Convert.FromHexString("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");

        var key = SshKey.Parse(isPkcs8 ? Pkcs8(seed) : OpenSsh(seed, publicKey, "none"));

        Assert.Equal(
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
            Convert.ToHexStringLower(Blob(key.Sign([], 0), "ssh-ed25519")));
        Assert.Equal(publicKey, key.PublicBlob[^32..]);
    }

    [Fact]
    public void Key_WithAPassphrase_IsSaidToHaveOne()
    {
        using var rsa = RSA.Create(2048);
        var encrypted = rsa.ExportEncryptedPkcs8PrivateKeyPem("geheim", new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000));

        Assert.Contains("passphrase", Assert.Throws<FormatException>(() => SshAgent.FromPrivateKeys(encrypted)).Message, StringComparison.Ordinal);
        Assert.Contains("passphrase", Assert.Throws<FormatException>(() => SshAgent.FromPrivateKeys(OpenSsh(new byte[32], new byte[32], "aes256-ctr"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Key_ThatIsNone_IsRefusedWithoutBeingQuoted() =>
        Assert.DoesNotContain("hunter2", Assert.Throws<FormatException>(() => SshAgent.FromPrivateKeys("hunter2")).Message, StringComparison.Ordinal);

    private static byte[] Blob(byte[] signature, string algorithm)
    {
        var reader = new SshReader(signature);
        Assert.True(reader.TryReadString(out var name));
        Assert.True(reader.TryReadString(out var blob));
        Assert.Equal(algorithm, System.Text.Encoding.ASCII.GetString(name));
        return blob.ToArray();
    }

    /// <summary>As "openssl genpkey -algorithm ed25519" writes it.</summary>
    private static string Pkcs8(byte[] seed) => PemEncoding.WriteString("PRIVATE KEY", [.. Convert.FromHexString("302e020100300506032b657004220420"), .. seed]);

    /// <summary>openssh-portable's PROTOCOL.key.</summary>
    private static string OpenSsh(byte[] seed, byte[] publicKey, string cipher)
    {
        var blob = new SshWriter();
        blob.WriteString("ssh-ed25519");
        blob.WriteString(publicKey);
        var secret = new SshWriter();
        secret.WriteUInt32(1);
        secret.WriteUInt32(1);
        secret.WriteString("ssh-ed25519");
        secret.WriteString(publicKey);
        secret.WriteString([.. seed, .. publicKey]);
        secret.WriteString("comment");
        for (byte pad = 1; secret.ToArray().Length % 8 != 0; pad++)
        {
            secret.WriteByte(pad);
        }

        var file = new SshWriter();
        file.WriteString(cipher);
        file.WriteString(cipher == "none" ? "none" : "bcrypt");
        file.WriteString("");
        file.WriteUInt32(1);
        file.WriteString(blob.ToArray());
        file.WriteString(secret.ToArray());
        return $"-----BEGIN OPENSSH PRIVATE KEY-----\n{Convert.ToBase64String([.. "openssh-key-v1\0"u8, .. file.ToArray()])}\n-----END OPENSSH PRIVATE KEY-----\n";
    }
}
