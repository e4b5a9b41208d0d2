//! Shamir's secret sharing over GF(2⁸), as `shamir/shamir.go` of sops (from Vault) has it.
//!
//! A part is one byte a byte of the secret, and its x coordinate as the last byte.

use zeroize::Zeroizing;

/// Puts the secret together from its parts. Fewer parts than the threshold give another secret, not an error: only the
/// MAC of the file tells.
pub(crate) fn combine(parts: &[Zeroizing<Vec<u8>>]) -> Result<Zeroizing<Vec<u8>>, &'static str> {
    let length = parts.first().map_or(0, |part| part.len());
    if parts.len() < 2 || length < 2 || parts.iter().any(|part| part.len() != length) {
        return Err("the parts of the data key are not of one length");
    }
    let xs: Vec<u8> = parts.iter().map(|part| part[length - 1]).collect();
    if xs.iter().enumerate().any(|(index, x)| *x == 0 || xs[..index].contains(x)) {
        return Err("two parts of the data key are the same");
    }
    let mut secret = Zeroizing::new(vec![0; length - 1]);
    for (index, byte) in secret.iter_mut().enumerate() {
        // Lagrange interpolation at zero.
        for (part, &x) in parts.iter().zip(&xs) {
            let basis = xs
                .iter()
                .filter(|&&other| other != x)
                .fold(1, |product, &other| multiply(product, multiply(other, inverse(x ^ other))));
            *byte ^= multiply(part[index], basis);
        }
    }
    Ok(secret)
}

/// Splits a secret into as many parts as there are groups, of which `threshold` give it back.
///
/// # Errors
/// When the system has no random numbers, or fewer than two or more than 255 parts are asked for.
pub(crate) fn split(secret: &[u8], parts: usize, threshold: usize) -> Result<Vec<Zeroizing<Vec<u8>>>, std::io::Error> {
    let count = u8::try_from(parts).ok().filter(|count| *count >= 2 && (2..=parts).contains(&threshold));
    let count = count.ok_or_else(|| {
        std::io::Error::other(format!(
            "{parts} key groups with a threshold of {threshold}: 2 to 255 groups, 2 to all of them"
        ))
    })?;
    let mut xs: Vec<u8> = (1..=255).collect();
    shuffle(&mut xs)?;
    let mut coefficients = Zeroizing::new(vec![0; threshold - 1]);
    let mut split: Vec<Zeroizing<Vec<u8>>> =
        (0..count).map(|_| Zeroizing::new(Vec::with_capacity(secret.len() + 1))).collect();
    for &byte in secret {
        crate::cipher::random(&mut coefficients)?;
        for (part, &x) in split.iter_mut().zip(&xs) {
            // Horner's rule, from the highest power to the secret itself.
            let y = coefficients.iter().fold(0, |sum, &coefficient| multiply(sum ^ coefficient, x));
            part.push(y ^ byte);
        }
    }
    for (part, &x) in split.iter_mut().zip(&xs) {
        part.push(x);
    }
    Ok(split)
}

/// Fisher and Yates, with a modulus whose bias over 2⁶⁴ does not matter for what is not secret.
fn shuffle(xs: &mut [u8]) -> Result<(), std::io::Error> {
    let mut random = vec![0; xs.len() * 8];
    crate::cipher::random(&mut random)?;
    for (index, bytes) in random.chunks_exact(8).enumerate().skip(1) {
        let number = bytes.iter().fold(0_usize, |number, byte| number.wrapping_mul(256) ^ usize::from(*byte));
        xs.swap(index, number % (index + 1));
    }
    Ok(())
}

/// Multiplies modulo x⁸ + x⁴ + x³ + x + 1 without a branch or table that depends on the operands.
fn multiply(a: u8, b: u8) -> u8 {
    (0..8).rev().fold(0, |product: u8, bit| {
        let doubled = (product << 1) ^ ((product >> 7).wrapping_neg() & 0x1b);
        doubled ^ ((b >> bit & 1).wrapping_neg() & a)
    })
}

/// a²⁵⁴, by Fermat's little theorem: 254 is seven ones and a zero in binary.
fn inverse(a: u8) -> u8 {
    let power_127 = (0..7).fold(1, |power, _| multiply(multiply(power, power), a));
    multiply(power_127, power_127)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inverse_is_one() {
        for a in 1..=255 {
            assert_eq!(multiply(a, inverse(a)), 1, "{a}");
        }
    }

    #[test]
    fn any_parts_that_reach_the_threshold_give_the_secret_back() {
        let secret: Vec<u8> = (0..32).collect();
        let parts = split(&secret, 5, 3).unwrap();
        for chosen in [[0, 1, 2], [4, 2, 0], [3, 1, 4]] {
            let chosen: Vec<_> = chosen.iter().map(|&index: &usize| parts[index].clone()).collect();
            assert_eq!(combine(&chosen).unwrap().as_slice(), secret);
        }
        assert_ne!(combine(&parts[..2]).unwrap().as_slice(), secret, "fewer give something else");
        split(&secret, 1, 1).unwrap_err();
        split(&secret, 3, 4).unwrap_err();
    }

    #[test]
    fn parts_on_a_line_give_the_point_at_zero() {
        let secret = [7, 0, 255];
        let slope = [3, 90, 17];
        let part = |x: u8| {
            let mut part: Vec<u8> = secret.iter().zip(slope).map(|(s, m)| s ^ multiply(m, x)).collect();
            part.push(x);
            Zeroizing::new(part)
        };
        assert_eq!(combine(&[part(1), part(9)]).unwrap().as_slice(), secret);
        assert_eq!(combine(&[part(200), part(3)]).unwrap().as_slice(), secret);
        combine(&[part(1), part(1)]).unwrap_err();
        combine(&[part(1)]).unwrap_err();
    }
}
